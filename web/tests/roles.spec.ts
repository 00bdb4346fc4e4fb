import { create, expect, PASSWORD, signIn, test, url } from "./desk.ts";

test("a viewer sees everything and changes nothing", async ({ page, browser }) => {
  await create(page.request, "/users", { name: "vera", role: "viewer", password: PASSWORD });
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const viewer = await context.newPage();
  await signIn(viewer, "vera");
  await expect(viewer.getByRole("link", { name: "Audit" })).toHaveCount(0);

  await viewer.goto(url("/alerts"));
  await expect(viewer.getByRole("checkbox").first()).toBeVisible();
  await viewer.keyboard.press("c");
  await expect(viewer.getByRole("dialog")).toHaveCount(0);
  await viewer.getByRole("region", { name: "List of alerts" }).getByRole("link").first().click();
  await expect(viewer.getByRole("heading", { name: "What happened" })).toBeVisible();
  await expect(viewer.getByRole("button", { name: "Acknowledge" })).toHaveCount(0);

  // What the pages do not offer, the server refuses, and the page says so.
  await viewer.goto(url("/audit"));
  await expect(viewer.getByRole("alert")).toBeVisible();
  const session = await viewer.request.get(url("/api/v1/session"));
  const { csrf } = (await session.json()) as { csrf: string };
  const id = (
    (await (await viewer.request.get(url("/api/v1/alerts?limit=1"))).json()) as {
      alerts: { id: string }[];
    }
  ).alerts[0]?.id;
  const refused = await viewer.request.patch(url(`/api/v1/alerts/${id ?? ""}`), {
    data: { state: "acknowledged" },
    headers: { "X-CSRF-Token": csrf, Origin: new URL(url()).origin },
  });
  expect(refused.status()).toBe(403);
  await context.close();
});

test("whose session has ended is asked to sign in, and comes back to the same place", async ({
  browser,
  page,
}) => {
  await create(page.request, "/users", { name: "otto", role: "analyst", password: PASSWORD });
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const analyst = await context.newPage();
  await signIn(analyst, "otto");
  await analyst.goto(url("/rules/coverage"));
  await expect(analyst.getByRole("button", { name: /^T\d{4}/ }).first()).toBeVisible();
  await context.clearCookies();
  await analyst.getByRole("link", { name: "Catalogue" }).click();
  await expect(analyst.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await analyst.getByLabel("Name").fill("otto");
  await analyst.getByLabel("Password").fill(PASSWORD);
  await analyst.keyboard.press("Enter");
  await expect(analyst.getByRole("heading", { name: "Rules" })).toBeVisible();
  await context.close();
});
