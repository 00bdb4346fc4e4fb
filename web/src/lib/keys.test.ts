// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { keys } from "./keys.svelte";
import { prefs } from "./prefs.svelte";

let stop: () => void;
const ran: string[] = [];
const listener = (event: KeyboardEvent) => keys.handle(event);

beforeEach(() => {
  ran.length = 0;
  document.body.innerHTML =
    '<main tabindex="-1"></main><input id="text"><input id="box" type="checkbox"><textarea></textarea>' +
    '<button></button><div role="dialog"><p tabindex="-1"></p></div><section></section><p contenteditable="plaintext-only"></p>';
  stop = keys.offer(
    "test",
    ["j", "a", "g a", "Enter", "Shift+Enter", "X"].map((key) => ({
      keys: key,
      label: key,
      run: () => ran.push(key),
    })),
  );
  addEventListener("keydown", listener);
});

afterEach(() => {
  removeEventListener("keydown", listener);
  stop();
  prefs.keys = true;
  vi.useRealTimers();
});

function press(key: string, where = "main", more: KeyboardEventInit = {}) {
  const event = new KeyboardEvent("keydown", {
    key,
    bubbles: true,
    cancelable: true,
    composed: true,
    ...more,
  });
  document.querySelector(where)?.dispatchEvent(event);
  return event.defaultPrevented;
}

test.each([
  ["j", "main", {}, ["j"]],
  ["J", "main", { shiftKey: true }, []],
  ["X", "main", { shiftKey: true }, ["X"]],
  ["Enter", "main", { shiftKey: true }, ["Shift+Enter"]],
  ["j", "main", { ctrlKey: true }, []],
  ["j", "main", { metaKey: true }, []],
  ["j", "#text", {}, []],
  ["j", "textarea", {}, []],
  ["j", "[contenteditable]", {}, []],
  ["j", "#box", {}, ["j"]],
  ["j", "[role=dialog] p", {}, []],
  ["j", "button", {}, ["j"]],
  ["Enter", "button", {}, []],
])("%s in %s with %j runs %j", (key, where, more, expected) => {
  expect(press(key, where, more)).toBe(expected.length > 0);
  expect(ran).toEqual(expected);
});

test("two keys are one command", () => {
  press("g");
  press("a");
  press("a");
  expect(ran).toEqual(["g a", "a"]);
});

test("what is offered last comes first, until it is gone", () => {
  const gone = keys.offer("inner", [{ keys: "j", label: "inner", run: () => ran.push("inner") }]);
  press("j");
  gone();
  press("j");
  expect(ran).toEqual(["inner", "j"]);
});

test("single keys can be switched off, keys with names stay", () => {
  prefs.keys = false;
  press("j");
  press("Enter");
  expect(ran).toEqual(["Enter"]);
});

test("an editor inside a shadow root is typed into", () => {
  const root = document.querySelector("section")?.attachShadow({ mode: "open" });
  const area = document.createElement("textarea");
  root?.append(area);
  area.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, composed: true }));
  expect(ran).toEqual([]);
});
