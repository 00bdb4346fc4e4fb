import { describe, expect, test } from "vitest";

import { beside, told, trail, undo } from "./alerts";
import type { AlertChange, AlertState, AlertSummary } from "./api/types";

const alert = (id: string, state: AlertState) => ({ id, state }) as AlertSummary;

test("the next and the one before", () => {
  trail.ids = ["a", "b", "c"];
  expect([beside("b", 1), beside("b", -1)]).toEqual(["c", "a"]);
  expect([beside("c", 1), beside("a", -1), beside("x", 1)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test.each<[number, AlertChange, string]>([
  [1, { state: "closed", verdict: "false_positive" }, "1 alert closed: false positive"],
  [3, { state: "acknowledged" }, "3 alerts acknowledged"],
  [1, { state: "new" }, "1 alert reopened"],
  [2, { assignee: "me" }, "2 alerts assigned to you"],
  [2, { assignee: null }, "2 alerts assigned to nobody"],
])("%d with %j", (number, change, text) => expect(told(number, change)).toBe(text));

describe("a change is taken back", () => {
  const closing: AlertChange = { state: "closed", verdict: "benign" };
  test.each<[string, AlertSummary[], AlertChange, AlertChange | undefined]>([
    ["to what all were", [alert("a", "new"), alert("b", "new")], closing, { state: "new" }],
    ["not when they differed", [alert("a", "new"), alert("b", "acknowledged")], closing, undefined],
    ["not to closed", [alert("a", "closed")], { state: "new" }, undefined],
    ["not when nothing changed", [alert("a", "new")], { state: "new" }, undefined],
    ["not what is no state", [alert("a", "new")], { assignee: "me" }, undefined],
    ["not for none", [], closing, undefined],
  ])("%s", (_, alerts, change, back) => expect(undo(alerts, change)).toEqual(back));
});
