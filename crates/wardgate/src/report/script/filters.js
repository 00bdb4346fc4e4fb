// Filters and order of the alerts.

const none = () => ({
  severities: new Set(),
  rule: "",
  user: "",
  address: "",
  technique: "",
  text: "",
  from: null,
  to: null,
});
let filter = none();
let order = "rule";
const groups = $$("details.rule").map((node) => ({
  node,
  rows: $(".rows", node),
  tally: $(".tally", node),
  name: $("summary .name", node).textContent,
  techniques: node.dataset.techniques.split("\n"),
}));
const alerts = $$("details.alert").map((node) => ({
  node,
  n: Number(node.dataset.n),
  rule: Number(node.dataset.r),
  severity: Number(node.dataset.s),
  time: node.dataset.t === undefined ? null : Number(node.dataset.t),
  users: node.dataset.user.split("\n"),
  address: node.dataset.address,
}));
const flat = el("div", { class: "flat", hidden: "" });
const limits = new Map();

function leaves(value, into) {
  if (value === null || value === undefined) return into;
  if (typeof value !== "object") into.push(String(value).toLowerCase());
  else for (const member of Object.values(value)) leaves(member, into);
  return into;
}

// What the text filter looks at: all that an alert says but its events and its rule's advice.
function searched(alert) {
  if (alert.words === undefined) {
    const { message, rule, event, user, source, user_agent, related, wardgate } =
      data().alerts[alert.n];
    const { entities, matched } = wardgate?.alert ?? {};
    const said = [
      message,
      rule?.name,
      rule?.id,
      event,
      user,
      source,
      user_agent,
      related,
      entities,
      matched,
    ];
    alert.words = leaves(said, []).join("\n");
  }
  return alert.words;
}

function matches(alert, words) {
  if (filter.severities.size && !filter.severities.has(alert.severity)) return false;
  if (filter.rule !== "" && alert.rule !== Number(filter.rule)) return false;
  if (filter.user && !alert.users.includes(filter.user)) return false;
  if (filter.address && alert.address !== filter.address) return false;
  if (
    filter.from !== null &&
    !(alert.time >= filter.from && alert.time < filter.to && alert.time !== null)
  )
    return false;
  if (filter.technique && !groups[alert.rule].techniques.includes(filter.technique)) return false;
  return words.every((word) => searched(alert).includes(word));
}

// Shows the first matching rows of a container, and a button for the next ones.
function showRows(container, rows) {
  const limit = limits.get(container) ?? PAGE_OF_ROWS;
  rows.forEach((alert, index) => (alert.node.hidden = index >= limit));
  $(":scope > .more", container)?.remove();
  const rest = rows.length - limit;
  if (rest <= 0) return;
  const more = (count, label) =>
    el(
      "button",
      {
        type: "button",
        onclick: () => {
          limits.set(container, limit + count);
          const next = rows[limit];
          showRows(container, rows);
          $("summary", next.node).focus();
        },
      },
      label,
    );
  const buttons = [
    more(
      PAGE_OF_ROWS * 2,
      `Show ${number(Math.min(rest, PAGE_OF_ROWS * 2))} more of ${number(rest)}`,
    ),
  ];
  if (rest > PAGE_OF_ROWS * 2) buttons.push(" ", more(rest, "Show all"));
  const note = el("span", { class: "printed" }, `${counted(rest, "more alert")} not printed.`);
  container.append(el("p", { class: "more" }, buttons, note));
}

function apply() {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = groups.map(() => 0);
  const found = groups.map(() => []);
  for (const alert of alerts) {
    all[alert.rule] += 1;
    if (matches(alert, words)) found[alert.rule].push(alert);
    else alert.node.hidden = true;
  }
  const count = found.reduce((sum, rows) => sum + rows.length, 0);
  if (order === "rule") {
    groups.forEach((group, index) => {
      const rows = found[index];
      group.node.hidden = rows.length === 0 && !(all[index] === 0 && !filtered());
      group.tally.textContent =
        rows.length === all[index]
          ? counted(all[index], "alert")
          : `${number(rows.length)} of ${counted(all[index], "alert")}`;
      showRows(group.rows, rows);
    });
    if (filtered() && count > 0 && count <= PAGE_OF_ROWS) {
      for (const group of groups) if (!group.node.hidden) group.node.open = true;
    }
  } else {
    const sign = order === "new" ? -1 : 1;
    const rows = found.flat().sort((a, b) => sign * ((a.time ?? 0) - (b.time ?? 0)) || a.n - b.n);
    flat.append(...rows.map((alert) => alert.node));
    showRows(flat, rows);
  }
  $("#shown").textContent =
    count === 0
      ? "No alert fits these filters."
      : count === alerts.length
        ? `All ${counted(count, "alert")}`
        : `${number(count)} of ${counted(alerts.length, "alert")}`;
  showControls();
}

const filtered = () =>
  filter.severities.size > 0 ||
  filter.from !== null ||
  [filter.rule, filter.user, filter.address, filter.technique, filter.text].some(
    (part) => part !== "",
  );

function showControls() {
  const chips = [];
  const chip = (label, undo) =>
    chips.push(
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            "aria-label": `Remove filter ${label}`,
            onclick: () => {
              undo();
              changed();
              ($("#chips button") ?? $("#f-text")).focus();
            },
          },
          label,
        ),
      ),
    );
  if (filter.severities.size) {
    const names = SEVERITIES.filter((_, index) => filter.severities.has(index)).reverse();
    chip(names.join(" or "), () => filter.severities.clear());
  }
  if (filter.rule !== "") chip(`Rule: ${groups[filter.rule].name}`, () => (filter.rule = ""));
  for (const [part, label] of [
    ["user", "User"],
    ["address", "Address"],
    ["technique", "Technique"],
    ["text", "Text"],
  ]) {
    if (filter[part]) chip(`${label}: ${filter[part]}`, () => (filter[part] = ""));
  }
  if (filter.from !== null) {
    chip(`${utc(filter.from)} to ${utc(filter.to)} UTC`, () => (filter.from = filter.to = null));
  }
  $("#chips").replaceChildren(...chips);
  $("#clear").hidden = chips.length === 0;
  for (const toggle of $$(".toggle")) {
    toggle.setAttribute("aria-pressed", filter.severities.has(Number(toggle.dataset.severity)));
  }
  for (const [id, value] of [
    ["f-rule", filter.rule],
    ["f-user", filter.user],
    ["f-address", filter.address],
    ["f-order", order],
    ["f-text", filter.text],
  ]) {
    const control = document.getElementById(id);
    if (
      control.tagName === "SELECT" &&
      ![...control.options].some((option) => option.value === value)
    ) {
      control.append(el("option", { value }, document.createTextNode(value)));
    }
    if (control.value !== value) control.value = value;
  }
  showBrush();
}

function changed() {
  limits.clear();
  apply();
}

// Sets a part of the filter from elsewhere on the page, and goes to the alerts.
function narrow(change) {
  filter = { ...none(), ...change };
  changed();
  $("#alerts-title").focus({ preventScroll: true });
  $("#alerts").scrollIntoView();
}

function setOrder(next) {
  const wasFlat = order !== "rule";
  order = next;
  if (order === "rule" && wasFlat) {
    for (const alert of alerts) groups[alert.rule].rows.append(alert.node);
  }
  for (const group of groups) group.node.hidden = order !== "rule";
  flat.hidden = order === "rule";
  if (order !== "rule") {
    for (const alert of alerts) {
      if ($(".of-rule", alert.node)) continue;
      $("summary", alert.node).append(
        el("span", { class: "of-rule" }, document.createTextNode(groups[alert.rule].name)),
      );
    }
  } else $$(".of-rule").forEach((node) => node.remove());
  changed();
}

function startFilters() {
  const form = $("#filters");
  if (!form) return;
  form.hidden = false;
  $("#alerts-title").tabIndex = -1;
  $("#list").after(flat);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const toggle = event.target.closest(".toggle");
    if (!toggle) return;
    const severity = Number(toggle.dataset.severity);
    if (!filter.severities.delete(severity)) filter.severities.add(severity);
    changed();
  });
  for (const part of ["rule", "user", "address"]) {
    $(`#f-${part}`).addEventListener("change", (event) => {
      filter[part] = event.target.value;
      changed();
    });
  }
  $("#f-order").addEventListener("change", (event) => setOrder(event.target.value));
  let waiting;
  $("#f-text").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      filter.text = event.target.value.trim() ? event.target.value : "";
      changed();
    }, 150);
  });
  $("#clear").addEventListener("click", () => {
    filter = none();
    changed();
    $("#f-text").focus();
  });
  for (const card of $$(".card")) {
    card.addEventListener("click", (event) => {
      event.preventDefault();
      narrow({ severities: new Set([Number(card.dataset.severity)]) });
    });
  }
  for (const cell of $$("[data-filter]")) {
    const { filter: part, value } = cell.dataset;
    const button = el("button", {
      type: "button",
      title: "Show its alerts",
      onclick: () => narrow({ [part]: value }),
    });
    button.append(...cell.childNodes);
    cell.append(button);
  }
  for (const cell of $$("[data-technique]")) {
    const name = $(".name", cell);
    const button = el("button", {
      type: "button",
      onclick: () => narrow({ technique: cell.dataset.technique }),
    });
    button.append(...name.childNodes);
    name.append(button);
  }
  for (const link of $$('#rules a[href^="#rule-"]')) {
    link.addEventListener("click", (event) => {
      const group = $(link.getAttribute("href"));
      if (!group) return;
      event.preventDefault();
      filter = none();
      if (order !== "rule") setOrder("rule");
      else changed();
      group.open = true;
      $("summary", group).focus({ preventScroll: true });
      group.scrollIntoView();
    });
  }
  apply();
}
