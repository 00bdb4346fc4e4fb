// The timeline: what a slot says, and choosing a span by pointer or keys.

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

function describe(first, last) {
  const [events, ...counts] = slots
    .slice(first, last + 1)
    .reduce((sum, slot) => sum.map((count, index) => count + slot[index]));
  const parts = SEVERITIES.map((name, rank) => [name.toLowerCase(), counts[rank]])
    .reverse()
    .filter(([, count]) => count > 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const worst = parts.map(([name, count]) => `${number(count)} ${name}`).join(", ");
  const span = `${utc(start + step * first)} to ${utc(start + step * (last + 1))} UTC`;
  return [span, counted(events, "event"), `${counted(all, "alert")}${worst ? `: ${worst}` : ""}`];
}

// The slots under the pointer, or between it and where it was pressed.
const chosen = () => (anchor === null ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)]);

function point(index) {
  at = Math.max(0, Math.min(slots.length - 1, index));
  const [from, to] = chosen();
  mark($("#cursor"), from, to + 1);
  const lines = describe(from, to);
  plot.setAttribute("aria-valuenow", at);
  plot.setAttribute("aria-valuetext", lines.join("; "));
  const tip = $("#tip");
  tip.replaceChildren(...lines.map((line) => el("p", {}, line)));
  tip.hidden = false;
  const middle = ((at + 0.5) / slots.length) * plot.clientWidth;
  tip.style.left = `${Math.max(4, Math.min(plot.clientWidth - tip.offsetWidth - 4, middle - tip.offsetWidth / 2))}px`;
}

function unpoint() {
  $("#tip").hidden = true;
  mark($("#cursor"), 0, 0);
  anchor = null;
}

function choose() {
  const [from, to] = chosen();
  filter.from = start + step * from;
  filter.to = start + step * (to + 1);
  anchor = null;
  changed();
}

function startTimeline() {
  if (!plot || !$("#filters")) return;
  const chart = $(".chart", plot);
  for (const [name, value] of Object.entries({
    role: "slider",
    tabindex: "0",
    "aria-label":
      "Timeline; arrow keys move, with shift they widen, Enter filters the alerts, Escape clears",
    "aria-valuemin": 0,
    "aria-valuemax": slots.length - 1,
    "aria-valuenow": 0,
    "aria-valuetext": describe(0, 0).join("; "),
  }))
    plot.setAttribute(name, value);
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
    const whole =
      filter.from !== null &&
      anchor === at &&
      filter.from === start + step * at &&
      filter.to === filter.from + step;
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
    const target = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - 10,
      PageDown: at + 10,
      Home: 0,
      End: slots.length - 1,
    }[event.key];
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
