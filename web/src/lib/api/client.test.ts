import { afterEach, describe, expect, test, vi } from "vitest";

import {
  api,
  isAbort,
  onCsrfRefused,
  onUnauthenticated,
  Problem,
  searchParams,
  useCsrfToken,
} from "./client";

afterEach(() => {
  vi.unstubAllGlobals();
  useCsrfToken(null);
});

function answer(body: string, init: ResponseInit & { type?: string } = {}) {
  const fetch = vi.fn((..._: Parameters<typeof globalThis.fetch>) =>
    Promise.resolve(
      new Response(init.status === 204 ? null : body, {
        ...init,
        headers: { "Content-Type": init.type ?? "application/json" },
      }),
    ),
  );
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

test("parameters", () => {
  expect(searchParams({})).toBe("");
  expect(
    searchParams({ a: "x y", list: ["high", "critical"], none: null, empty: "", no: [], zero: 0 }),
  ).toBe("?a=x+y&list=high%2Ccritical&zero=0");
});

describe("problems", () => {
  test("carry what the server said", async () => {
    const position = { start: 0, end: 8 };
    answer(
      JSON.stringify({ title: "Bad Request", detail: "no field", code: "invalid_query", position }),
      {
        status: 400,
        type: "application/problem+json",
      },
    );
    const problem = Problem.from(await api.get("/events").catch((error: unknown) => error));
    expect(problem).toMatchObject({ status: 400, message: "no field", code: "invalid_query" });
    expect(problem.document.position).toEqual(position);
  });

  test.each([
    ["<h1>Bad Gateway</h1>", "text/html"],
    ["not json", "application/json"],
    ["null", "application/json"],
  ])("are told without a document: %s", async (body, type) => {
    answer(body, { status: 502, statusText: "Bad Gateway", type });
    const problem = Problem.from(await api.get("/events").catch((error: unknown) => error));
    expect(problem.status).toBe(502);
    expect(problem.message).toBe("the server answered 502 Bad Gateway");
  });

  test("say that there was no answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed to fetch")));
    await expect(api.get("/events")).rejects.toThrow("cannot be reached");
  });

  test("leave what was given up alone", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new DOMException("aborted", "AbortError")));
    expect(isAbort(await api.get("/events").catch((error: unknown) => error))).toBe(true);
  });

  test("tell when the session is over", async () => {
    const listener = vi.fn();
    onUnauthenticated(listener);
    answer("{}", { status: 401 });
    await expect(api.get("/events")).rejects.toThrow();
    expect(listener).toHaveBeenCalledOnce();
  });
});

test("changes carry the token, reads do not", async () => {
  useCsrfToken("t0ken");
  const fetch = answer("{}");
  await api.get("/alerts");
  await api.patch("/alerts/1", { state: "acknowledged" });
  const headers = fetch.mock.calls.map(([, init]) => init?.headers as Record<string, string>);
  expect(headers[0]).not.toHaveProperty("X-CSRF-Token");
  expect(headers[1]).toMatchObject({ "X-CSRF-Token": "t0ken", "Content-Type": "application/json" });
});

test("an answer may be empty", async () => {
  answer("", { status: 204 });
  await expect(api.delete("/exceptions/1")).resolves.toBeUndefined();
});

test("a refused token is had anew, once", async () => {
  const fetch = answer(JSON.stringify({ code: "csrf" }), { status: 403 });
  const renew = vi.fn(() => Promise.resolve(useCsrfToken("fresh")));
  onCsrfRefused(renew);
  await expect(api.post("/searches", {})).rejects.toMatchObject({ code: "csrf" });
  expect(renew).toHaveBeenCalledOnce();
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(fetch.mock.calls[1]?.[1]?.headers).toMatchObject({ "X-CSRF-Token": "fresh" });
});

test("a wrong password does not end a session", async () => {
  const listener = vi.fn();
  onUnauthenticated(listener);
  answer(JSON.stringify({ code: "wrong-credentials" }), { status: 401 });
  await expect(api.post("/session", {})).rejects.toMatchObject({ status: 401 });
  expect(listener).not.toHaveBeenCalled();
});
