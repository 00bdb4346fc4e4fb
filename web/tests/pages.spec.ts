import AxeBuilder from "@axe-core/playwright";

import { artefact, expect, test, url } from "./desk.ts";

interface Some {
  alerts: { id: string; user: string | null }[];
  events: { id: string }[];
  rules: { id: string }[];
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

for (const theme of ["light", "dark"] as const) {
  for (const width of [1280, 400]) {
    test(`every page is usable, ${theme}, ${width} wide`, async ({ page }) => {
      // Seventeen pages, each looked at by axe.
      test.setTimeout(900_000);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 860 });
      const get = async (path: string) =>
        (await (await page.request.get(url(`/api/v1${path}`))).json()) as Some;
      const alert = (await get("/alerts?limit=20")).alerts.find((each) => each.user !== null);
      const event = (await get("/events?limit=1")).events[0];
      const rule = (await get("/rules")).rules[0];
      const pages: Record<string, string> = {
        overview: "/",
        alerts: "/alerts",
        alert: `/alerts/${alert?.id ?? ""}`,
        events: "/events",
        event: `/events/${event?.id ?? ""}`,
        entities: "/entities/user",
        entity: `/entities/user/${encodeURIComponent(alert?.user ?? "")}`,
        rules: "/rules",
        rule: `/rules/${rule?.id ?? ""}`,
        coverage: "/rules/coverage",
        exceptions: "/rules/exceptions",
        bench: "/rules/bench",
        intakes: "/intakes",
        intelligence: "/intelligence",
        settings: "/settings",
        audit: "/audit",
        nowhere: "/nowhere",
      };
      for (const [name, path] of Object.entries(pages)) {
        await test.step(name, async () => {
          await page.goto(url(path));
          await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
          await expect(page.locator(".loading")).toHaveCount(0);
          await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
          await page.screenshot({ path: artefact(`${name}-${theme}-${width}.png`) });
          const wider = await page.evaluate(
            () => document.documentElement.scrollWidth - window.innerWidth,
          );
          expect(wider, `${name} is wider than the window`).toBeLessThanOrEqual(0);
          // Colours are the same at every width, and what is narrow the same in every theme.
          if (theme === "dark" && width === 400) return;
          const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
          const told = violations.map(({ id, nodes }) => ({
            id,
            at: nodes.map((node) => node.target.join(" ")),
          }));
          expect(told, name).toEqual([]);
        });
      }
    });
  }
}

test("the theme is chosen, and kept", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(url("/settings"));
  const background = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.getByRole("combobox", { name: /^Theme/ }).selectOption("dark");
  expect(await background()).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  expect(await background()).not.toBe(light);
});

test("dates are local, or in UTC", async ({ page }) => {
  await page.goto(url("/alerts?state=all"));
  const time = page.locator("li time").first();
  await expect(time).toBeVisible();
  const local = await time.textContent();
  await page.getByRole("button", { name: "UTC" }).click();
  await expect(time).not.toHaveText(local ?? "");
});

test("what is sent cannot be framed, and has no inline code", async ({ request }) => {
  const page = await request.get(url("/"));
  const policy = page.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  const asset = /src="(\/assets\/[^"]+)"/.exec(await page.text())?.[1] ?? "";
  const script = await request.get(url(asset));
  expect(script.headers()["cache-control"]).toContain("immutable");
  expect(script.headers()["content-encoding"]).toMatch(/^(br|gzip)$/);
});
