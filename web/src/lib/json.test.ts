import { expect, test } from "vitest";

import { cell, layOut } from "./json";

const text = (json: string) =>
  layOut(json)
    .map((token) => token.text)
    .join("");

test.each([
  [{ a: 1, b: ["x", { c: null }], d: {}, e: [], f: 'say "hi" {,}: \\' }],
  [[]],
  ["text"],
  [{ "a:b": { "": true } }],
])("%j is laid out as JSON.stringify does", (value) => {
  expect(text(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  expect(text(JSON.stringify(value, null, 7))).toBe(JSON.stringify(value, null, 2));
});

test("numbers keep their digits", () => {
  expect(text('{"n":12345678901234567890.10}')).toBe('{\n  "n": 12345678901234567890.10\n}');
});

test("names are told from strings", () => {
  expect(layOut('{"a":"b"}').filter((token) => token.kind === "name")).toEqual([
    { kind: "name", text: '"a"' },
  ]);
});

test.each(['{"a":', "}}}", '"open', "{]", ""])("what is no JSON does no harm: %s", (json) => {
  expect(Array.isArray(layOut(json))).toBe(true);
});

test.each([
  [undefined, ""],
  [null, ""],
  ["a", "a"],
  [["a", 2, true], "a, 2, true"],
  [{ lat: 1 }, '{"lat":1}'],
])("a cell of %j", (value, shown) => expect(cell(value)).toBe(shown));
