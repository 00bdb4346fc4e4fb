// Tables, theme and print; and the start of it all.

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
        // Numbers begin with the largest, names with A.
        const numeric = heading.dataset.sort === "number";
        const sorted = heading.getAttribute("aria-sort");
        const next =
          { ascending: "descending", descending: "ascending" }[sorted] ??
          (numeric ? "descending" : "ascending");
        const valueOf = (row) =>
          row.cells[column].dataset.value ?? row.cells[column].textContent.replaceAll(",", "");
        const compare = numeric
          ? (a, b) => valueOf(a) - valueOf(b)
          : (a, b) => valueOf(a).localeCompare(valueOf(b), "en");
        for (const other of headings) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", next);
        body.append(
          ...[...body.rows].sort((a, b) => (next === "ascending" ? 1 : -1) * compare(a, b)),
        );
        fold();
      });
    });
    const first = Number(table.dataset.first ?? Infinity);
    let open = body.rows.length <= first + 3;
    const fold = () =>
      [...body.rows].forEach((row, index) => (row.hidden = !open && index >= first));
    fold();
    if (open) continue;
    const button = el(
      "button",
      {
        type: "button",
        class: "more",
        onclick: () => {
          open = true;
          fold();
          button.remove();
          table.parentElement.focus();
        },
      },
      `Show all ${number(body.rows.length)}`,
    );
    table.parentElement.after(button);
  }
}

function startTheme() {
  const button = $("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light theme" : "Dark theme");
  };
  try {
    const kept = localStorage.getItem("wardgate-theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch {
    /* a browser that keeps nothing for files */
  }
  button.hidden = false;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("wardgate-theme", theme);
    } catch {
      /* likewise */
    }
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
    opened = $$("details.rule:not([open]), details.alert:not([open]):not([hidden])").filter(
      (node) => $(".body", node)?.firstChild,
    );
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
document.addEventListener(
  "toggle",
  (event) => {
    const alert = byNode.get(event.target);
    if (alert && event.target.open) fill(alert);
  },
  true,
);
