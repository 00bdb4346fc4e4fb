/**
 * Stored text made fit to look at. Whoever can make an event chooses its text: it may be long, hold
 * characters that nobody sees, or turn the direction of what stands beside it.
 */

/** A run of text: `hidden` runs stand for characters that would not show by themselves. */
export interface Run {
  text: string;
  hidden: boolean;
}

/** Control characters, marks of direction, spaces without width, line separators, lone surrogates. */
const HIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** How a hidden character is written down: `\n` for line feeds, `U+202E` for what has no name. */
function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return ESCAPES[character] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Text in runs, hidden characters pictured. `lines` leaves line feeds as they are. */
export function runs(text: string, lines = false): Run[] {
  const found: Run[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (lines && match[0] === "\n") continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), hidden: false });
    found.push({ text: picture(match[0]), hidden: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), hidden: false });
  return found;
}

/** Text for places that hold no markup, such as titles: hidden characters pictured, length bounded. */
export function plain(text: string, most = 200): string {
  return runs(clip(text, most).text)
    .map((run) => run.text)
    .join("");
}

/** The beginning of a text, and how many characters that leaves out. No character is cut in two. */
export function clip(text: string, most: number): { text: string; left: number } {
  if (text.length <= most) return { text, left: 0 };
  const high = text.charCodeAt(most - 1);
  const end = high >= 0xd800 && high <= 0xdbff ? most - 1 : most;
  return { text: text.slice(0, end), left: text.length - end };
}

/** `1,204 alerts`, `1 alert`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** `true_positive` as people write it: `true positive`. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}
