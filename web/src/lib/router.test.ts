// @vitest-environment jsdom
import { beforeEach, describe, expect, test } from "vitest";

import { href, match, router } from "./router.svelte";

test.each([
  ["/", "overview", {}],
  ["/alerts", "alerts", {}],
  ["/alerts/", "alerts", {}],
  ["/alerts/3f2a", "alert", { id: "3f2a" }],
  ["/rules/coverage", "coverage", {}],
  ["/rules/0b1c", "rule", { id: "0b1c" }],
  ["/entities/user/ada%40example.org", "entity", { kind: "user", id: "ada@example.org" }],
  ["/entities/app/a%2Fb", "entity", { kind: "app", id: "a/b" }],
  ["/entities/app/%E0%A4%A", null, {}],
  ["/nowhere", null, {}],
  ["/alerts/a/b", null, {}],
])("%s leads to %s", (path, page, params) => {
  expect(match(path)).toEqual({ page, params: page === null ? {} : params });
});

test("paths lead back to what they were made from", () => {
  const params = { kind: "user", id: "a/b?c#d%20 <e>" };
  expect(match(new URL(href("entity", params), "http://x").pathname).params).toEqual(params);
  expect(href("alerts", {}, { state: "new", user: null, text: "" })).toBe("/alerts?state=new");
});

describe("the router", () => {
  beforeEach(() => router.go("/events?query=a"));

  test("changes parameters and stays", () => {
    router.set({ query: "b", since: "7d" });
    expect(router.path).toBe("/events");
    expect(router.get("query")).toBe("b");
    router.set({ since: null, columns: "a,b," });
    expect(router.search).toBe("?query=b&columns=a%2Cb%2C");
    expect(router.list("columns")).toEqual(["a", "b"]);
    expect(router.list("nothing")).toEqual([]);
  });

  test("takes clicks on the desk's links, and leaves others alone", () => {
    const stop = router.start();
    const click = (html: string) => {
      document.body.innerHTML = html;
      const event = new MouseEvent("click", { bubbles: true, cancelable: true });
      document.querySelector("a")?.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(click('<a href="/alerts">x</a>')).toBe(true);
    expect(router.path).toBe("/alerts");
    // jsdom says that it cannot navigate where nobody prevents it.
    for (const left of [
      '<a href="/api/openapi.json" target="_blank">x</a>',
      '<a href="/x" download>x</a>',
    ])
      expect(click(left)).toBe(false);
    stop();
  });
});
