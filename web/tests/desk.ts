/** What all tests of the desk have in common. */

import { fileURLToPath } from "node:url";

import { test as base, expect, type APIRequestContext, type Page } from "@playwright/test";

export { expect };

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const PASSWORD = "a lantern over the old harbour";
export const ADMIN_STATE = file("test-results/admin.json");
export const artefact = (name: string) => file(`artefacts/${name}`);
export const url = (path = "/") => (process.env.DESK_URL ?? "") + path;

/** Signed in as the administrator; fails when the page reports an error or breaks its policy. */
export const test = base.extend<{ trouble: string[] }>({
  storageState: ADMIN_STATE,
  trouble: [
    async ({ page }, use) => {
      const trouble: string[] = [];
      page.on("pageerror", (error) => trouble.push(error.message));
      page.on("console", (message) => {
        const text = message.text();
        // A request that is refused is told by the browser too; the page has to handle it. What
        // breaks the policy is told by the page, see below.
        if (/^(Failed to load resource|Applying inline style violates)/.test(text)) return;
        if (message.type() === "error") trouble.push(text);
      });
      await page.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
          // Chromium tries to keep the colour of text that is typed over, and may not. No harm done.
          const isTyped = event
            .composedPath()
            .some((node) => node instanceof Element && node.matches(".cm-content"));
          if (!isTyped) console.error(`against the policy: ${event.violatedDirective}`);
        });
      });
      page.on("request", (request) => {
        const { origin, protocol } = new URL(request.url());
        if (protocol.startsWith("http") && origin !== new URL(url()).origin)
          trouble.push(`a request to ${origin}`);
      });
      await use(trouble);
      expect(trouble).toEqual([]);
    },
    { auto: true },
  ],
});

export async function signIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.goto(url("/sign-in"));
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
}

/** What a change of the signed-in person has to carry. */
export async function csrf(request: APIRequestContext): Promise<Record<string, string>> {
  const state = (await (await request.get(url("/api/v1/session"))).json()) as { csrf: string };
  return { "X-CSRF-Token": state.csrf, Origin: url("").replace(/\/$/, "") };
}

export async function create(request: APIRequestContext, path: string, data: unknown) {
  const answer = await request.post(url(`/api/v1${path}`), { data, headers: await csrf(request) });
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()) as Record<string, unknown>;
}
