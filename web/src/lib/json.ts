/** JSON laid out for reading, from its text: numbers keep all their digits, names their order. */

export interface Token {
  kind: "name" | "string" | "number" | "word" | "mark" | "space";
  text: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs;

/** The tokens of a JSON text with the white space of a layout between them. */
export function layOut(text: string): Token[] {
  const found = text.match(TOKEN) ?? [];
  const tokens: Token[] = [];
  let depth = 0;
  const line = () => tokens.push({ kind: "space", text: `\n${"  ".repeat(depth)}` });
  for (const [index, token] of found.entries()) {
    const next = found[index + 1];
    if (token === "{" || token === "[") {
      tokens.push({ kind: "mark", text: token });
      depth += 1;
      if (next !== "}" && next !== "]") line();
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      const before = found[index - 1];
      if (before !== "{" && before !== "[") line();
      tokens.push({ kind: "mark", text: token });
    } else if (token === ",") {
      tokens.push({ kind: "mark", text: token });
      line();
    } else if (token === ":") {
      tokens.push({ kind: "mark", text: ": " });
    } else if (token.startsWith('"')) {
      tokens.push({ kind: next === ":" ? "name" : "string", text: token });
    } else {
      tokens.push({ kind: /^[-\d]/.test(token) ? "number" : "word", text: token });
    }
  }
  return tokens;
}

/** A value for a table's cell: text as it is, objects as JSON. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(cell).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
