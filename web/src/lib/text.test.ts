import { describe, expect, test } from "vitest";

import { clip, count, plain, runs } from "./text";

describe("hidden characters", () => {
  test.each([
    ["plain", "Ada Lovelace", "Ada Lovelace"],
    ["line feed", "a\nb", "a\\nb"],
    ["null and delete", "\u0000\u007f", "U+0000U+007F"],
    ["escape", "\u001b[31mred", "U+001B[31mred"],
    ["right-to-left override", "invoice\u202efdp.exe", "invoiceU+202Efdp.exe"],
    ["isolates", "\u2066a\u2069", "U+2066aU+2069"],
    ["no width", "a\u200bb\ufeff", "aU+200BbU+FEFF"],
    ["tag characters", "a\u{e0041}", "aU+E0041"],
    ["lone surrogate", "a\ud800b", "aU+D800b"],
    ["markup stays text", "<img onerror=alert(1)>", "<img onerror=alert(1)>"],
    ["Arabic stays as it is", "مرحبا", "مرحبا"],
    ["emoji stays whole", "👩🏽", "👩🏽"],
  ])("%s", (_, text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  test("are runs of their own", () => {
    expect(runs("a\u202eb")).toEqual([
      { text: "a", hidden: false },
      { text: "U+202E", hidden: true },
      { text: "b", hidden: false },
    ]);
    expect(runs("")).toEqual([]);
    expect(runs("a\nb", true)).toEqual([{ text: "a\nb", hidden: false }]);
  });
});

describe("clip", () => {
  test("leaves short text alone", () => expect(clip("abc", 3)).toEqual({ text: "abc", left: 0 }));
  test("says what it left out", () =>
    expect(clip("x".repeat(10_000), 120)).toEqual({ text: "x".repeat(120), left: 9880 }));
  test("cuts no pair in two", () => expect(clip("ab😀c", 3)).toEqual({ text: "ab", left: 3 }));
});

test("count", () => {
  expect(count(1, "alert")).toBe("1 alert");
  expect(count(1204, "alert")).toBe("1,204 alerts");
  expect(count(2, "query", "queries")).toBe("2 queries");
});
