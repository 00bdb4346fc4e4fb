"use strict";
// Everything that comes from the log is set as text, never as markup.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const SEVERITIES = ["Informational", "Low", "Medium", "High", "Critical"];
const LABEL_LIMIT = 200;
const PAGE_OF_ROWS = 50;
const PRE_LIMIT = 200_000;
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const HIDDEN_OR_REST = new RegExp(`(${HIDDEN.source})`, "u");
const number = (value) => value.toLocaleString("en-US");
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

// The data are parsed when they are first needed: a page of thousands of alerts opens at once.
let parsed;
const data = () => (parsed ??= JSON.parse($("#data").textContent));

/* Text */

const nameOf = (character) =>
  `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

// `text` as nodes, with hidden characters as marks. Line feeds and tabs stay where `pre` is set.
function shown(text, pre = false) {
  const parts = String(text).split(HIDDEN_OR_REST);
  return parts.filter(Boolean).map((part) => {
    if (!HIDDEN.test(part) || (pre && (part === "\n" || part === "\t"))) return part;
    return el("span", { class: "ctl" }, document.createTextNode(nameOf(part)));
  });
}

function clip(text) {
  const characters = Array.from(String(text));
  if (characters.length <= LABEL_LIMIT) return String(text);
  return `${characters.slice(0, LABEL_LIMIT).join("")}… (${number(characters.length)} characters)`;
}

// The form in which names are compared, the same that the page's attributes hold.
const key = (text) => clip(text).replace(new RegExp(HIDDEN.source, "gu"), (c) => `⟨${nameOf(c)}⟩`);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children.flat(2)) {
    if (child instanceof Node) node.append(child);
    else if (child !== undefined && child !== null) node.append(...shown(child));
  }
  return node;
}

const utc = (ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 16);
const utcSecond = (text) => {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString().replace("T", " ").slice(0, 19);
};

/* Filters */

const none = () => ({ severities: new Set(), rule: "", user: "", address: "", technique: "", text: "", from: null, to: null });
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
    const { message, rule, event, user, source, user_agent, related, wardgate } = data().alerts[alert.n];
    const { entities, matched } = wardgate?.alert ?? {};
    const said = [message, rule?.name, rule?.id, event, user, source, user_agent, related, entities, matched];
    alert.words = leaves(said, []).join("\n");
  }
  return alert.words;
}

function matches(alert, words) {
  if (filter.severities.size && !filter.severities.has(alert.severity)) return false;
  if (filter.rule !== "" && alert.rule !== Number(filter.rule)) return false;
  if (filter.user && !alert.users.includes(filter.user)) return false;
  if (filter.address && alert.address !== filter.address) return false;
  if (filter.from !== null && !(alert.time >= filter.from && alert.time < filter.to && alert.time !== null)) return false;
  if (filter.technique) {
    const sub = `${filter.technique}.`;
    const under = (id) => id === filter.technique || id.startsWith(sub);
    if (!groups[alert.rule].techniques.some(under)) return false;
  }
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
    el("button", { type: "button", onclick: () => {
      limits.set(container, limit + count);
      const next = rows[limit];
      showRows(container, rows);
      $("summary", next.node).focus();
    } }, label);
  const buttons = [more(PAGE_OF_ROWS * 2, `Show ${number(Math.min(rest, PAGE_OF_ROWS * 2))} more of ${number(rest)}`)];
  if (rest > PAGE_OF_ROWS * 2) buttons.push(" ", more(rest, "Show all"));
  container.append(el("p", { class: "more" }, buttons));
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
      group.tally.textContent = rows.length === all[index] ? counted(all[index], "alert")
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
  $("#shown").textContent = count === 0 ? "No alert fits these filters."
    : count === alerts.length ? `All ${counted(count, "alert")}`
    : `${number(count)} of ${counted(alerts.length, "alert")}`;
  showControls();
}

const filtered = () =>
  filter.severities.size > 0 || filter.from !== null ||
  [filter.rule, filter.user, filter.address, filter.technique, filter.text].some((part) => part !== "");

function showControls() {
  const chips = [];
  const chip = (label, undo) =>
    chips.push(el("li", {}, el("button", { type: "button", "aria-label": `Remove filter ${label}`, onclick: () => {
      undo();
      changed();
      ($("#chips button") ?? $("#f-text")).focus();
    } }, label)));
  if (filter.severities.size) {
    const names = SEVERITIES.filter((_, index) => filter.severities.has(index)).reverse();
    chip(names.join(" or "), () => filter.severities.clear());
  }
  if (filter.rule !== "") chip(`Rule: ${groups[filter.rule].name}`, () => (filter.rule = ""));
  for (const [part, label] of [["user", "User"], ["address", "Address"], ["technique", "Technique"], ["text", "Text"]]) {
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
  for (const [id, value] of [["f-rule", filter.rule], ["f-user", filter.user], ["f-address", filter.address], ["f-order", order], ["f-text", filter.text]]) {
    const control = document.getElementById(id);
    if (control.tagName === "SELECT" && ![...control.options].some((option) => option.value === value)) {
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
  $("#alerts").focus({ preventScroll: true });
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
      $("summary", alert.node).append(el("span", { class: "of-rule" }, document.createTextNode(groups[alert.rule].name)));
    }
  } else $$(".of-rule").forEach((node) => node.remove());
  changed();
}

function startFilters() {
  const form = $("#filters");
  if (!form) return;
  form.hidden = false;
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
    const button = el("button", { type: "button", title: "Show its alerts", onclick: () => narrow({ [part]: value }) });
    button.append(...cell.childNodes);
    cell.append(button);
  }
  for (const cell of $$("[data-technique]")) {
    const name = $(".name", cell);
    const button = el("button", { type: "button", onclick: () => narrow({ technique: cell.dataset.technique }) });
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

/* Timeline */

const plot = $("#plot");
const slots = plot ? JSON.parse(plot.dataset.slots) : [];
const start = Number(plot?.dataset.start);
const step = Number(plot?.dataset.step);
let at = 0;
let anchor = null;

function mark(rect, from, to) {
  rect.setAttribute("x", `${(from / slots.length) * 100}%`);
  rect.setAttribute("width", `${((to - from) / slots.length) * 100}%`);
}

function showBrush() {
  if (!plot) return;
  if (filter.from === null) mark($("#brush"), 0, 0);
  else mark($("#brush"), (filter.from - start) / step, (filter.to - start) / step);
}

function describe(index) {
  const [events, ...counts] = slots[index];
  const from = start + step * index;
  const parts = SEVERITIES.map((name, rank) => [name.toLowerCase(), counts[rank]]).reverse().filter(([, count]) => count > 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const worst = parts.map(([name, count]) => `${number(count)} ${name}`).join(", ");
  return [`${utc(from)} to ${utc(from + step)}`, counted(events, "event"), `${counted(all, "alert")}${worst ? `: ${worst}` : ""}`];
}

function point(index) {
  at = Math.max(0, Math.min(slots.length - 1, index));
  const [from, to] = anchor === null ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)];
  mark($("#cursor"), from, to + 1);
  const lines = describe(at);
  plot.setAttribute("aria-valuenow", at);
  plot.setAttribute("aria-valuetext", lines.join("; "));
  const tip = $("#tip");
  tip.replaceChildren(...lines.map((line) => el("p", {}, line)));
  tip.hidden = false;
  const middle = ((at + 0.5) / slots.length) * plot.clientWidth;
  const left = middle > plot.clientWidth / 2 ? middle - tip.offsetWidth - 18 : middle + 18;
  tip.style.left = `${Math.max(4, Math.min(plot.clientWidth - tip.offsetWidth - 4, left))}px`;
}

function unpoint() {
  $("#tip").hidden = true;
  mark($("#cursor"), 0, 0);
  anchor = null;
}

function choose() {
  const [from, to] = anchor === null ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)];
  filter.from = start + step * from;
  filter.to = start + step * (to + 1);
  anchor = null;
  changed();
}

function startTimeline() {
  if (!plot || !$("#filters")) return;
  const chart = $(".chart", plot);
  for (const [name, value] of Object.entries({
    role: "slider", tabindex: "0", "aria-label": "Timeline; arrow keys move, with shift they widen, Enter filters the alerts, Escape clears",
    "aria-valuemin": 0, "aria-valuemax": slots.length - 1, "aria-valuenow": 0, "aria-valuetext": describe(0).join("; "),
  })) plot.setAttribute(name, value);
  chart.setAttribute("aria-hidden", "true");
  const slotOf = (event) => {
    const box = chart.getBoundingClientRect();
    return Math.floor(((event.clientX - box.left) / box.width) * slots.length);
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    point(slotOf(event));
    anchor = at;
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => point(slotOf(event)));
  plot.addEventListener("pointerup", () => {
    if (anchor === null) return;
    const whole = filter.from !== null && anchor === at && filter.from === start + step * at && filter.to === filter.from + step;
    if (whole) {
      filter.from = filter.to = null;
      anchor = null;
      changed();
    } else choose();
  });
  plot.addEventListener("pointercancel", unpoint);
  plot.addEventListener("pointerleave", () => anchor === null && unpoint());
  plot.addEventListener("focus", () => plot.matches(":focus-visible") && point(at));
  plot.addEventListener("blur", unpoint);
  plot.addEventListener("keydown", (event) => {
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: slots.length - 1 }[event.key];
    if (target !== undefined) {
      anchor = event.shiftKey ? (anchor ?? at) : null;
      point(target);
    } else if (event.key === "Enter" || event.key === " ") choose();
    else if (event.key === "Escape") {
      filter.from = filter.to = null;
      unpoint();
      changed();
    } else return;
    event.preventDefault();
  });
}

/* What an alert opens to */

// JSON text, indented; every token stays as it was, also numbers that no double can hold.
function indent(json) {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, 40))}`;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    if (token === "{" || token === "[") {
      depth += 1;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      out = /[{[]\s*$/.test(out.slice(-200)) ? out.trimEnd() + token : out + line() + token;
    } else if (token === ",") out += token + line();
    else out += token === ":" ? ": " : token;
  }
  return out;
}

async function copy(text, button, pre) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(pre);
    done = document.execCommand("copy");
  }
  button.textContent = done ? "Copied" : "Press Ctrl+C to copy";
  setTimeout(() => (button.textContent = "Copy"), 2500);
}

function code(label, text) {
  const details = el("details", { class: "sub" }, el("summary", {}, label));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const whole = text.length <= PRE_LIMIT;
    const pre = el("pre", { tabindex: "0", role: "region", "aria-label": label }, shown(indent(text.slice(0, PRE_LIMIT)), true));
    const button = el("button", { type: "button", "aria-live": "polite", onclick: () => copy(text, button, pre) }, "Copy");
    const note = whole ? [] : el("p", { class: "note" }, `The first ${number(PRE_LIMIT)} of ${number(text.length)} characters; copying takes all.`);
    details.append(el("div", { class: "code" }, pre, button, note));
  });
  return details;
}

function flatten(value, path, into) {
  if (Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null)) {
    into.push([path, value.map(String).join(", ")]);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      flatten(member, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name, into);
    }
  } else into.push([path, String(value)]);
  return into;
}

const pair = (label, value, mono) =>
  el("div", {}, el("dt", { class: mono && "mono" }, clip(label)), el("dd", { class: mono && "mono" }, value));

function involved(entities) {
  const labels = [["user", "User"], ["actor", "Actor"], ["target_user", "Target user"], ["source_ip", "Address"],
    ["place", "Place"], ["app", "App"], ["session", "Session"], ["api_token", "API token"]];
  const rows = [];
  for (const [member, label] of labels) {
    const value = entities[member];
    if (!value) continue;
    const isObject = typeof value === "object";
    const name = isObject ? (value.name ?? value.id) : value;
    if (!name) continue;
    const part = { user: "user", actor: "user", target_user: "user", source_ip: "address" }[member];
    const shownName = part && (!isObject || value.name)
      ? el("button", { type: "button", title: "Show its alerts", onclick: () => narrow({ [part]: key(name) }) }, clip(name))
      : clip(name);
    const id = isObject && value.id && value.id !== name ? [" ", el("span", { class: "id" }, clip(value.id))] : [];
    rows.push(pair(label, [shownName, id]));
  }
  return el("dl", {}, rows);
}

function attackList(threat) {
  const parts = [threat.tactic, threat.technique, threat.technique?.subtechnique];
  return parts.flatMap((part) => [part?.id ?? []].flat().map((id, index) => {
    const page = /^TA?[0-9.]+$/.test(id) ? ` attack.mitre.org/${id.startsWith("TA") ? "tactics" : "techniques"}/${id.replace(".", "/")}/` : "";
    return el("li", {}, el("span", { class: "mono" }, clip(id)), " ", clip([part.name ?? []].flat()[index] ?? ""), el("span", { class: "address" }, page));
  }));
}

const list = (title, tag, items) =>
  items?.length ? [el("h4", {}, title), el(tag, {}, [items].flat().map((item) => el("li", {}, item)))] : [];

function eventNodes(record, index, total) {
  const raw = record.original ?? record.event?.original;
  const { original, event, ...rest } = record;
  const { original: inner, ...shownEvent } = event ?? {};
  const fields = flatten({ ...rest, event: shownEvent }, "", []).sort(([a], [b]) => (a < b ? -1 : 1));
  const title = [utcSecond(record["@timestamp"] ?? ""), event?.action, event?.outcome].filter(Boolean).join(" · ");
  const table = el("details", { class: "sub", open: total === 1 ? "" : false }, el("summary", {}, counted(fields.length, "field")),
    el("dl", { class: "fields" }, fields.map(([name, value]) => pair(name, clip(value), true))));
  return [
    el("h4", {}, total === 1 ? `Event: ${clip(title)}` : `Event ${index + 1} of ${total}: ${clip(title)}`),
    table,
    typeof raw === "string" ? code("Raw event, as Okta sent it", raw) : [],
    code("Record as JSON", JSON.stringify({ ...rest, event: shownEvent })),
  ];
}

function fill(alert) {
  if (alert.filled) return;
  alert.filled = true;
  const body = $(".body", alert.node);
  const alertData = data().alerts[alert.n];
  const details = alertData.wardgate?.alert ?? {};
  const matched = (details.matched ?? []).map(({ field, value }) =>
    pair(field, clip(typeof value === "object" ? JSON.stringify(value) : value), true));
  const attack = attackList(alertData.threat ?? {});
  const columns = el("div", { class: "columns" },
    el("div", {}, el("h4", {}, "Involved"), involved(details.entities ?? {}),
      matched.length ? [el("h4", {}, "What matched"), el("dl", {}, matched)] : []),
    el("div", {}, list("What to do", "ol", details.triage), list("Harmless when", "ul", details.false_positives)),
    attack.length ? el("div", {}, el("h4", {}, "ATT&CK"), el("ul", {}, attack)) : []);
  const title = String(alertData.message ?? "");
  const records = details.events ?? [];
  const events = el("div");
  const addEvents = (from) => {
    const to = Math.min(records.length, from + 20);
    events.append(...records.slice(from, to).flatMap((record, index) => eventNodes(record, from + index, records.length)).flat());
    if (to < records.length) {
      const more = el("button", { type: "button", class: "more", onclick: () => {
        more.remove();
        addEvents(to);
      } }, `Show more of ${number(records.length)} events`);
      events.append(more);
    }
  };
  addEvents(0);
  body.replaceChildren(...(Array.from(title).length > LABEL_LIMIT ? [el("p", {}, title)] : []), columns, events, code("Alert as JSON", JSON.stringify(alertData)));
}

/* Tables, theme, print */

function startTables() {
  for (const table of $$("table.sortable")) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      if (!heading.dataset.sort) return;
      const button = el("button", { type: "button" });
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const numeric = heading.dataset.sort === "number";
        const up = heading.getAttribute("aria-sort") === (numeric ? "descending" : null) || heading.getAttribute("aria-sort") === "descending";
        const valueOf = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
        const compare = numeric ? (a, b) => valueOf(a) - valueOf(b) : (a, b) => valueOf(a).localeCompare(valueOf(b), "en");
        const ascending = numeric ? up : heading.getAttribute("aria-sort") !== "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        body.append(...[...body.rows].sort((a, b) => (ascending ? 1 : -1) * compare(a, b)));
        fold();
      });
    });
    const first = Number(table.dataset.first ?? Infinity);
    let open = body.rows.length <= first + 3;
    const fold = () => [...body.rows].forEach((row, index) => (row.hidden = !open && index >= first));
    fold();
    if (open) continue;
    const button = el("button", { type: "button", class: "more", onclick: () => {
      open = true;
      fold();
      button.remove();
      table.parentElement.focus();
    } }, `Show all ${number(body.rows.length)}`);
    table.parentElement.after(button);
  }
}

function startTheme() {
  const button = $("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => (button.textContent = isDark() ? "Light theme" : "Dark theme");
  try {
    const kept = localStorage.getItem("wardgate-theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch { /* a browser that keeps nothing for files */ }
  button.hidden = false;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("wardgate-theme", theme);
    } catch { /* likewise */ }
    label();
  });
  dark.addEventListener("change", label);
  label();
}

function startPrint() {
  // Where the style can't open them for print.
  if (CSS.supports("selector(::details-content)")) return;
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = $$("details.rule:not([open]), details.alert:not([open]):not([hidden])").filter((node) => $(".body", node)?.firstChild);
    for (const node of opened) node.open = true;
  });
  addEventListener("afterprint", () => opened.forEach((node) => (node.open = false)));
}

document.documentElement.classList.add("js");
startTheme();
startTables();
startFilters();
startTimeline();
startPrint();
const byNode = new Map(alerts.map((alert) => [alert.node, alert]));
document.addEventListener("toggle", (event) => {
  const alert = byNode.get(event.target);
  if (alert && event.target.open) fill(alert);
}, true);
