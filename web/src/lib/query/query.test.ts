import { describe, expect, test } from "vitest";

import { add, has, pieces, quote, remove, term, toggle, typing } from "./query";

test.each([
  ["ada", "ada"],
  ["ada@example.org", "ada@example.org"],
  ["user.session.start", "user.session.start"],
  ["New York", '"New York"'],
  ["2001:db8::1", '"2001:db8::1"'],
  ["10.0.0.0/8", '"10.0.0.0/8"'],
  ["AND", '"AND"'],
  ["-x", '"-x"'],
  ['say "hi"\\', '"say \\"hi\\"\\\\"'],
  ["", '""'],
  ["*", '"*"'],
  ["<b>", '"<b>"'],
])("the value %j is written %s", (value, written) => expect(quote(value)).toBe(written));

test.each([
  ["a b", ["a", "b"]],
  ['user.name:"Ada L" AND x', ['user.name:"Ada L"', "AND", "x"]],
  ["(a OR b) c", ["(", "a", "OR", "b", ")", "c"]],
  ['f:(a OR "b)") c', ['f:(a OR "b)")', "c"]],
  ["@timestamp:[a TO b} x", ["@timestamp:[a TO b}", "x"]],
  ['f:"not closed AND', ['f:"not closed AND']],
  ["New\\ York x", ["New\\ York", "x"]],
  ["a\\", ["a\\"]],
])("the pieces of %j", (query, texts) => {
  expect(pieces(query).map((piece) => piece.text)).toEqual(texts);
  for (const piece of pieces(query)) expect(query.slice(piece.start, piece.end)).toBe(piece.text);
});

describe("filters", () => {
  const clause = "event.outcome:failure";

  test.each([
    ["", clause],
    ["  ", clause],
    ["*", clause],
    ["a", `a AND ${clause}`],
    ["a OR b", `(a OR b) AND ${clause}`],
    ["(a OR b)", `(a OR b) AND ${clause}`],
    [`x ${clause}`, `x ${clause}`],
  ])("to %j is added", (query, after) => expect(add(query, clause)).toBe(after));

  test.each([
    [clause, ""],
    [`a AND ${clause}`, "a"],
    [`${clause} AND a`, "a"],
    [`a AND ${clause} AND b`, "a AND b"],
    [`a ${clause} b`, "a AND b"],
    [`a OR ${clause}`, `a OR ${clause}`],
    [`(${clause})`, `(${clause})`],
    [`NOT ${clause}`, `NOT ${clause}`],
  ])("from %j is taken", (query, after) => expect(remove(query, clause)).toBe(after));

  test.each([`NOT ${clause}`, `a AND NOT ${clause}`, `-${clause}`, `a !${clause}`])(
    "%j has the negated one",
    (query) => {
      expect(has(query, `NOT ${clause}`)).toBe(true);
      expect(has(query, clause)).toBe(false);
    },
  );

  test("toggle on, over and off", () => {
    const on = toggle("a", "event.outcome", "failure");
    expect(on).toBe(`a AND ${clause}`);
    const over = toggle(on, "event.outcome", "failure", true);
    expect(over).toBe(`a AND NOT ${clause}`);
    expect(toggle(over, "event.outcome", "failure", true)).toBe("a");
  });

  test("hostile values stay values", () => {
    const value = 'x" OR "y\\';
    const query = toggle("a", "user.name", value);
    expect(pieces(query).map((piece) => piece.text)).toEqual([
      "a",
      "AND",
      term("user.name", value),
    ]);
    expect(toggle(query, "user.name", value)).toBe("a");
  });
});

test.each([
  ["", { what: "field", from: 0, prefix: "" }],
  ["us", { what: "field", from: 0, prefix: "us" }],
  ["a AND us", { what: "field", from: 6, prefix: "us" }],
  ["-us", { what: "field", from: 1, prefix: "us" }],
  ["(us", { what: "field", from: 1, prefix: "us" }],
  ["user.name:", { what: "value", from: 10, field: "user.name", prefix: "", quoted: false }],
  ["x user.name:ad", { what: "value", from: 12, field: "user.name", prefix: "ad", quoted: false }],
  ['city:"New Y', { what: "value", from: 5, field: "city", prefix: "New Y", quoted: true }],
  ['city:"New York"', null],
  ["city:(a OR b", { what: "value", from: 11, field: "city", prefix: "b", quoted: false }],
  ["city:(a OR ", { what: "value", from: 11, field: "city", prefix: "", quoted: false }],
  ["city:(a)", null],
  ["number:>=6", null],
  ["@timestamp:[a", null],
  ['"free text', null],
])("at the end of %j", (query, typed) => expect(typing(query, query.length)).toEqual(typed));
