// What an alert opens to.

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
    const pre = el(
      "pre",
      { tabindex: "0", role: "region", "aria-label": label },
      shown(indent(text.slice(0, PRE_LIMIT)), true),
    );
    const button = el(
      "button",
      { type: "button", "aria-live": "polite", onclick: () => copy(text, button, pre) },
      "Copy",
    );
    const note = whole
      ? []
      : el(
          "p",
          { class: "note" },
          `The first ${number(PRE_LIMIT)} of ${number(text.length)} characters; copying takes all.`,
        );
    details.append(el("div", { class: "code" }, pre, button, note));
  });
  return details;
}

function flatten(value, path, into) {
  if (Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null)) {
    into.push([path, value.map(String).join(", ")]);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      flatten(
        member,
        Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name,
        into,
      );
    }
  } else into.push([path, String(value)]);
  return into;
}

const pair = (label, value, mono) =>
  el(
    "div",
    {},
    el("dt", { class: mono && "mono" }, clip(label)),
    el("dd", { class: mono && "mono" }, value),
  );

function involved(entities) {
  const labels = [
    ["user", "User"],
    ["actor", "Actor"],
    ["target_user", "Target user"],
    ["source_ip", "Address"],
    ["place", "Place"],
    ["app", "App"],
    ["session", "Session"],
    ["api_token", "API token"],
  ];
  const rows = [];
  for (const [member, label] of labels) {
    const value = entities[member];
    if (!value) continue;
    const isObject = typeof value === "object";
    const { user } = entities;
    if (member === "actor" && user && user.id === value.id && user.name === value.name) continue;
    const name = isObject ? (value.name ?? value.id) : value;
    if (!name) continue;
    const part = { user: "user", actor: "user", target_user: "user", source_ip: "address" }[member];
    const shownName =
      part && (!isObject || value.name)
        ? el(
            "button",
            {
              type: "button",
              title: "Show its alerts",
              onclick: () => narrow({ [part]: key(name) }),
            },
            clip(name),
          )
        : clip(name);
    const id =
      isObject && value.id && value.id !== name
        ? [" ", el("span", { class: "id" }, clip(value.id))]
        : [];
    rows.push(pair(label, [shownName, id]));
  }
  return el("dl", {}, rows);
}

function attackList(threat) {
  const parts = [threat.tactic, threat.technique, threat.technique?.subtechnique];
  return parts.flatMap((part) =>
    [part?.id ?? []].flat().map((id, index) => {
      const page = /^TA?[0-9.]+$/.test(id)
        ? ` attack.mitre.org/${id.startsWith("TA") ? "tactics" : "techniques"}/${id.replace(".", "/")}/`
        : "";
      return el(
        "li",
        {},
        el("span", { class: "mono" }, clip(id)),
        " ",
        clip([part.name ?? []].flat()[index] ?? ""),
        el("span", { class: "address" }, page),
      );
    }),
  );
}

const list = (title, tag, items) =>
  items?.length
    ? [
        el("h4", {}, title),
        el(
          tag,
          {},
          [items].flat().map((item) => el("li", {}, item)),
        ),
      ]
    : [];

function eventNodes(record, index, total) {
  const raw = record.original ?? record.event?.original;
  const { original, event, ...rest } = record;
  const { original: inner, ...shownEvent } = event ?? {};
  const fields = flatten({ ...rest, event: shownEvent }, "", []).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const title = [utcSecond(record["@timestamp"] ?? ""), event?.action, event?.outcome]
    .filter(Boolean)
    .join(" · ");
  const table = el(
    "details",
    { class: "sub", open: total === 1 ? "" : false },
    el("summary", {}, counted(fields.length, "field")),
    el(
      "dl",
      { class: "fields" },
      fields.map(([name, value]) => pair(name, clip(value), true)),
    ),
  );
  return [
    el(
      "h4",
      {},
      total === 1 ? `Event: ${clip(title)}` : `Event ${index + 1} of ${total}: ${clip(title)}`,
    ),
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
    pair(field, clip(typeof value === "object" ? JSON.stringify(value) : value), true),
  );
  const attack = attackList(alertData.threat ?? {});
  const columns = el(
    "div",
    { class: "columns" },
    el(
      "div",
      {},
      el("h4", {}, "Involved"),
      involved(details.entities ?? {}),
      matched.length ? [el("h4", {}, "What matched"), el("dl", {}, matched)] : [],
    ),
    el(
      "div",
      {},
      list("What to do", "ol", details.triage),
      list("Harmless when", "ul", details.false_positives),
      attack.length ? [el("h4", {}, "ATT&CK"), el("ul", {}, attack)] : [],
    ),
  );
  const title = String(alertData.message ?? "");
  const records = details.events ?? [];
  const events = el("div");
  const addEvents = (from) => {
    const to = Math.min(records.length, from + 20);
    events.append(
      ...records
        .slice(from, to)
        .flatMap((record, index) => eventNodes(record, from + index, records.length))
        .flat(),
    );
    if (to < records.length) {
      const more = el(
        "button",
        {
          type: "button",
          class: "more",
          onclick: () => {
            more.remove();
            addEvents(to);
          },
        },
        `Show more of ${number(records.length)} events`,
      );
      events.append(more);
    }
  };
  addEvents(0);
  body.replaceChildren(
    ...(Array.from(title).length > LABEL_LIMIT ? [el("p", {}, title)] : []),
    columns,
    events,
    code("Alert as JSON", JSON.stringify(alertData)),
  );
}
