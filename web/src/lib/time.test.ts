import { describe, expect, test } from "vitest";

import {
  ago,
  DAY,
  describeRange,
  HOUR,
  iso,
  MINUTE,
  parseRange,
  parseSpan,
  show,
  span,
  step,
} from "./time";

const NOW = Date.parse("2026-09-01T12:00:00Z");

test("dates are shown in UTC when asked for", () => {
  expect(show("2026-09-01T08:03:09.120Z", "short", true)).toBe("01 Sept, 08:03:09");
  expect(show("2026-09-01T00:00:00Z", "time", true)).toBe("00:00:00");
  expect(show("2026-09-01T08:03:09Z", "full", true)).toContain("UTC");
});

test("what is no date stays as it is", () => {
  expect(show("yesterday", "short", true)).toBe("yesterday");
  expect(iso("yesterday")).toBe("yesterday");
});

test.each([
  [0, "just now"],
  [-59_000, "just now"],
  [-4 * MINUTE, "4 min ago"],
  [-(3 * HOUR + 20 * MINUTE), "3 h 20 min ago"],
  [-26 * HOUR, "1 d ago"],
  [2 * DAY + HOUR, "in 2 d"],
])("%d ms from now is %s", (offset, told) => {
  expect(ago(NOW + offset, NOW)).toBe(told);
});

test.each([
  [45_000, "45 s"],
  [59 * MINUTE, "59 min"],
  [7 * HOUR + 5 * MINUTE, "7 h"],
])("%d ms are %s", (length, told) => expect(span(length)).toBe(told));

describe("ranges in URLs", () => {
  test.each([
    ["15m", 15 * MINUTE],
    ["7d", 7 * DAY],
    ["2w", 14 * DAY],
    ["", undefined],
    ["7", undefined],
    ["-7d", undefined],
    ["7D", undefined],
    ["99999999d", undefined],
  ])("span %j", (text, length) => expect(parseSpan(text)).toBe(length));

  test.each([
    [null, null, NOW - DAY, NOW],
    ["7d", null, NOW - 7 * DAY, NOW],
    ["nonsense", null, NOW - DAY, NOW],
    ["2026-09-01T10:00:00Z", "2026-09-01T11:00:00Z", NOW - 2 * HOUR, NOW - HOUR],
    ["2026-09-01T10:00:00Z", null, NOW - 2 * HOUR, NOW],
    ["2026-09-01T10:00:00Z", "2026-09-01T09:00:00Z", NOW - 2 * HOUR, NOW],
  ])("since %j until %j", (since, until, from, to) => {
    expect(parseRange(since, until, "24h", NOW)).toEqual({ from, to });
  });

  test("are told", () => {
    expect(describeRange(null, null, true)).toBe("Last 24 hours");
    expect(describeRange("7d", null, true)).toBe("Last 7 days");
    expect(describeRange("3h", null, true)).toBe("Last 3 h");
    expect(describeRange("2026-09-01T10:00:00Z", "2026-09-01T11:00:00Z", true)).toBe(
      "01 Sept, 10:00:00 – 01 Sept, 11:00:00",
    );
  });
});

test.each([
  [15 * MINUTE, "10s"],
  [HOUR, "30s"],
  [DAY, "15m"],
  [7 * DAY, "3h"],
  [30 * DAY, "12h"],
  [90 * DAY, "1d"],
  [365 * DAY, "1w"],
  [3650 * DAY, "4w"],
])("a range of %d ms has steps of %s", (length, name) => {
  expect(step({ from: NOW - length, to: NOW }).name).toBe(name);
});
