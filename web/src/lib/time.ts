/** Dates for people: local time or UTC, spans such as "the last 24 hours", and steps of a histogram. */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What a date is shown as. `smart` leaves out what today has in common. */
export type Form = "short" | "smart" | "full" | "time" | "day";

const OPTIONS: Record<Exclude<Form, "smart"> | "minute", Intl.DateTimeFormatOptions> = {
  minute: { month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  short: { month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  full: {
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { month: "short", day: "2-digit" },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** A date in a form, in UTC or in the browser's zone; text that is no date comes back as it is. */
export function show(date: string | number | Date, form: Form, utc: boolean): string {
  const at = new Date(date);
  if (Number.isNaN(at.getTime())) return String(date);
  if (form === "smart") return write(at, isToday(at, utc) ? "time" : "minute", utc);
  return write(at, form, utc);
}

function isToday(at: Date, utc: boolean): boolean {
  return (
    write(at, "day", utc) === write(new Date(), "day", utc) && Math.abs(+at - Date.now()) < DAY
  );
}

function write(at: Date, form: keyof typeof OPTIONS, utc: boolean): string {
  const key = `${form}${utc ? "Z" : ""}`;
  let format = formats.get(key);
  if (!format) {
    const zone = utc ? { timeZone: "UTC" } : {};
    format = new Intl.DateTimeFormat("en-GB", { ...OPTIONS[form], ...zone, hourCycle: "h23" });
    formats.set(key, format);
  }
  return format.format(at).replace(" at ", ", ");
}

/** The date as ISO 8601 has it, in UTC, without fractions of a second that are zero. */
export function iso(date: string | number | Date): string {
  const at = new Date(date);
  return Number.isNaN(at.getTime()) ? String(date) : at.toISOString().replace(".000Z", "Z");
}

/** How long ago, in the largest unit that is whole: `just now`, `4 min ago`, `in 2 d`. */
export function ago(date: string | number | Date, now = Date.now()): string {
  const past = now - new Date(date).getTime();
  if (Number.isNaN(past)) return "";
  if (Math.abs(past) < MINUTE) return "just now";
  return past > 0 ? `${span(past)} ago` : `in ${span(-past)}`;
}

/** A length of time in its two largest units at most: `45 s`, `4 min`, `3 h 20 min`, `2 d`. */
export function span(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`;
  if (milliseconds < DAY) {
    const hours = Math.floor(milliseconds / HOUR);
    const minutes = Math.floor((milliseconds % HOUR) / MINUTE);
    return hours < 6 && minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  }
  return `${Math.floor(milliseconds / DAY)} d`;
}

/** A stretch of time, from `from` up to and without `to`, in milliseconds since 1970. */
export interface Range {
  from: number;
  to: number;
}

/** What can be chosen with a click. */
export const SPANS = [
  { name: "15m", label: "Last 15 minutes" },
  { name: "1h", label: "Last hour" },
  { name: "4h", label: "Last 4 hours" },
  { name: "24h", label: "Last 24 hours" },
  { name: "7d", label: "Last 7 days" },
  { name: "30d", label: "Last 30 days" },
  { name: "90d", label: "Last 90 days" },
] as const;

const UNITS: Record<string, number> = { s: 1000, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/** The milliseconds of `15m`, `24h`, `7d`; nothing for what is no such thing. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ""];
  return match && unit ? Number(match[1]) * unit : undefined;
}

/**
 * The range that a URL's `since` and `until` mean: a span back from now, or two dates. What cannot
 * be read counts as `fallback`.
 */
export function parseRange(
  since: string | null,
  until: string | null,
  fallback = "24h",
  now = Date.now(),
): Range {
  const from = since === null ? Number.NaN : Date.parse(since);
  if (!Number.isNaN(from)) {
    const to = until === null ? now : Date.parse(until);
    return { from, to: Number.isNaN(to) || to <= from ? Math.max(now, from + MINUTE) : to };
  }
  const length = parseSpan(since ?? fallback) ?? parseSpan(fallback) ?? DAY;
  return { from: now - length, to: now };
}

/** How a range that a URL means is said to people. */
export function describeRange(since: string | null, until: string | null, utc: boolean): string {
  if (since === null || Number.isNaN(Date.parse(since))) {
    const known = SPANS.find((span) => span.name === (since ?? "24h"));
    if (known) return known.label;
    const length = since === null ? undefined : parseSpan(since);
    return length === undefined ? "Last 24 hours" : `Last ${span(length)}`;
  }
  const end = until === null ? "now" : show(until, "short", utc);
  return `${show(since, "short", utc)} – ${end}`;
}

const STEPS: [string, number][] = [
  ["1s", 1000],
  ["10s", 10_000],
  ["30s", 30_000],
  ["1m", MINUTE],
  ["5m", 5 * MINUTE],
  ["15m", 15 * MINUTE],
  ["30m", 30 * MINUTE],
  ["1h", HOUR],
  ["3h", 3 * HOUR],
  ["12h", 12 * HOUR],
  ["1d", DAY],
  ["1w", 7 * DAY],
];

/** The shortest step that cuts a range into at most `most` bars. */
export function step(range: Range, most = 120): { name: string; length: number } {
  const length = range.to - range.from;
  const [name, each] = STEPS.find(([, each]) => length / each <= most) ?? ["4w", 28 * DAY];
  return { name, length: each };
}
