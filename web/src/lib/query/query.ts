/**
 * Queries as the UI writes them: values quoted, filters added and taken away, and what is being
 * typed at a place. The server's parser decides what a query means; here is only its surface.
 */

/** A piece of a query: a word with its field and value, quotes and brackets whole, or a paren. */
export interface Piece {
  start: number;
  end: number;
  text: string;
  /** How many parentheses are open around it. */
  depth: number;
}

const BARE = /^[\p{L}\p{N}_@.\-/]+$/u;

/** A value as a query has it: in quotes unless it is a plain word. */
export function quote(value: string): string {
  const isOperator = /^(AND|OR|NOT|TO)$/.test(value);
  // A slash begins a regular expression, and a minus says NOT.
  if (BARE.test(value) && !isOperator && !/^[-/]/.test(value) && !value.includes("/")) return value;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** `field:value`. */
export function term(field: string, value: string): string {
  return `${field}:${quote(value)}`;
}

/** The pieces of a query, in order. What is not closed goes on to the end. */
export function pieces(query: string): Piece[] {
  const found: Piece[] = [];
  let depth = 0;
  let at = 0;
  while (at < query.length) {
    const character = query.charAt(at);
    if (/\s/.test(character)) {
      at += 1;
      continue;
    }
    const start = at;
    if (character === "(" || character === ")") {
      at += 1;
      if (character === ")") depth = Math.max(0, depth - 1);
      found.push({ start, end: at, text: character, depth });
      if (character === "(") depth += 1;
      continue;
    }
    at = endOfPiece(query, at);
    found.push({ start, end: at, text: query.slice(start, at), depth });
  }
  return found;
}

function endOfPiece(query: string, from: number): number {
  let at = from;
  while (at < query.length) {
    const character = query.charAt(at);
    if (/[\s()]/.test(character)) {
      // `field:(a OR b)` is one piece.
      if (character === "(" && query.charAt(at - 1) === ":") return closing(query, at);
      return at;
    }
    if (character === "\\") at += 2;
    else if (character === '"') at = endOfQuotes(query, at);
    else if ((character === "[" || character === "{") && query.charAt(at - 1) === ":")
      at = endOfBrackets(query, at);
    else at += 1;
  }
  return Math.min(at, query.length);
}

function endOfQuotes(query: string, from: number): number {
  let at = from + 1;
  while (at < query.length && query.charAt(at) !== '"') at += query.charAt(at) === "\\" ? 2 : 1;
  return Math.min(at + 1, query.length);
}

function endOfBrackets(query: string, from: number): number {
  const end = query.slice(from).search(/[\]}]/);
  return end < 0 ? query.length : from + end + 1;
}

function closing(query: string, from: number): number {
  let open = 0;
  let at = from;
  while (at < query.length) {
    const character = query.charAt(at);
    if (character === '"') {
      at = endOfQuotes(query, at);
      continue;
    }
    if (character === "(") open += 1;
    if (character === ")") open -= 1;
    at += character === "\\" ? 2 : 1;
    if (open === 0) return at;
  }
  return query.length;
}

function hasEither(query: string): boolean {
  return pieces(query).some((piece) => piece.depth === 0 && /^(OR|\|\|)$/.test(piece.text));
}

const negations = (clause: string) => [`NOT ${clause}`, `-${clause}`, `!${clause}`];

/** Where a clause stands in a query on its own, `NOT` included, if it does. */
function place(query: string, clause: string): { start: number; end: number } | undefined {
  if (hasEither(query)) return undefined;
  const found = pieces(query);
  const wanted = clause.startsWith("NOT ") ? clause.slice(4) : clause;
  const negated = wanted !== clause;
  for (const [index, piece] of found.entries()) {
    if (piece.depth > 0) continue;
    const before = found[index - 1];
    const isNegated = before?.text === "NOT";
    if (piece.text === wanted && isNegated === negated)
      return { start: negated && before ? before.start : piece.start, end: piece.end };
    if (negated && negations(wanted).includes(piece.text)) return piece;
  }
  return undefined;
}

/** Whether a query asks for this clause in any case. */
export function has(query: string, clause: string): boolean {
  return place(query, clause) !== undefined;
}

/** The query, narrowed to what matches the clause as well. */
export function add(query: string, clause: string): string {
  const old = query.trim();
  if (old === "" || old === "*") return clause;
  if (has(old, clause)) return old;
  return hasEither(old) ? `(${old}) AND ${clause}` : `${old} AND ${clause}`;
}

/** The query without a clause that stands in it on its own. */
export function remove(query: string, clause: string): string {
  const found = place(query, clause);
  if (!found) return query;
  const before = query.slice(0, found.start).replace(/\s*(AND|&&)\s*$/, "");
  const after = query.slice(found.end).replace(/^\s*(AND|&&)\s*/, "");
  const joined =
    before.trim() && after.trim() ? `${before.trim()} AND ${after.trim()}` : before + after;
  return joined.trim();
}

/** Adds a filter by value, or takes it away if it is there; its opposite goes in any case. */
export function toggle(query: string, field: string, value: string, without = false): string {
  const clause = term(field, value);
  const [wanted, opposite] = without ? [`NOT ${clause}`, clause] : [clause, `NOT ${clause}`];
  if (has(query, wanted)) return remove(query, wanted);
  return add(remove(query, opposite), wanted);
}

/** What is being typed at a place in a query. */
export type Typing =
  | { what: "field"; from: number; prefix: string }
  | { what: "value"; from: number; field: string; prefix: string; quoted: boolean }
  | null;

/** What the word that ends at `place` is: the beginning of a field's name, or of a field's value. */
export function typing(query: string, place: number): Typing {
  const text = query.slice(0, place);
  const last = pieces(text).at(-1);
  if (!last || last.end < place || last.text === ")") {
    return { what: "field", from: place, prefix: "" };
  }
  if (last.text === "(") return { what: "field", from: place, prefix: "" };
  const word = last.text.replace(/^[-+!]/, "");
  const from = last.end - word.length;
  const colon = word.indexOf(":");
  if (colon < 0)
    return word.startsWith('"') || word.startsWith("/")
      ? null
      : { what: "field", from, prefix: word };
  const field = word.slice(0, colon);
  if (!/^[\w@.-]+$/.test(field)) return null;
  let value = word.slice(colon + 1);
  let start = from + colon + 1;
  if (value.startsWith("(")) {
    const inside = pieces(value.slice(1)).at(-1);
    const isBehind = !inside || inside.end < value.length - 1;
    if (value.endsWith(")")) return null;
    start = isBehind ? place : start + 1 + inside.start;
    value = isBehind ? "" : inside.text;
  }
  if (/^[[{/<>=]/.test(value)) return null;
  const quoted = value.startsWith('"');
  if (quoted && endOfQuotes(value, 0) <= value.length && /[^\\]"$/.test(value.slice(1)))
    return null;
  return { what: "value", from: start, field, prefix: quoted ? value.slice(1) : value, quoted };
}
