import { expect, test } from "vitest";

import type { FieldInfo } from "$lib/api/types";

import { fieldOptions, valueOptions } from "./complete";

const field = (name: string, searchable = true) =>
  ({ name, searchable, type: "keyword", description: "" }) as FieldInfo;
const LIST = ["@timestamp", "user.name", "user.target.name", "user_agent.os.name", "source.ip"].map(
  (name) => field(name),
);

test.each([
  ["us", ["user.name", "user.target.name", "user_agent.os.name"]],
  ["US", ["user.name", "user.target.name", "user_agent.os.name"]],
  ["ip", ["source.ip"]],
  ["user.t", ["user.target.name"]],
  ["nothing", []],
])("%s completes to %j", (prefix, names) => {
  expect(fieldOptions(LIST, prefix).map((option) => option.label)).toEqual(names);
});

test("what cannot be searched is not offered", () => {
  expect(fieldOptions([field("secret", false)], "s")).toEqual([]);
});

test("values are quoted where they have to be, and shown without hidden characters", () => {
  const options = valueOptions([
    { value: "New York", count: 3 },
    { value: "a\u202eb", count: 0 },
  ]);
  expect(options.map((option) => option.apply)).toEqual(['"New York"', '"a\u202eb"']);
  expect(options.map((option) => option.displayLabel)).toEqual(["New York", "aU+202Eb"]);
});
