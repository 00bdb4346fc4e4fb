import { expect, test, url } from "./desk.ts";

const table = "Events";

test("a query is completed, checked and asked", async ({ page }) => {
  await page.goto(url("/events?since=7d"));
  await expect(page.getByRole("table", { name: table }).getByRole("row").nth(1)).toBeVisible();
  const bar = page.getByRole("textbox", { name: "Query" });

  await page.keyboard.press("/");
  await expect(bar).toBeFocused();
  await page.keyboard.type("user.nam:ada");
  await expect(page.getByText(/there is no field/)).toBeVisible();

  await page.keyboard.press("Control+A");
  await page.keyboard.type("outc");
  await page
    .getByRole("option", { name: /event\.outcome/ })
    .first()
    .click();
  await page.keyboard.type("fai");
  await page
    .getByRole("option", { name: /failure/ })
    .first()
    .click();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/query=event\.outcome%3Afailure/);
  await expect(page.getByRole("cell", { name: "success" })).toHaveCount(0);
  await expect(page.getByRole("cell", { name: "failure" }).first()).toBeVisible();
});

test("a value is filtered by with a click, and left out with another", async ({ page }) => {
  await page.goto(url("/events?since=7d"));
  const values = page.getByRole("complementary", { name: "Values" });
  await values.getByRole("button", { name: /^success/ }).click();
  await expect(page).toHaveURL(/query=event\.outcome%3Asuccess/);
  await expect(values.getByRole("button", { name: /^success/ })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await values.getByRole("button", { name: "Without success" }).click();
  await expect(page).toHaveURL(/query=NOT\+event\.outcome%3Asuccess/);
});

test("a range is dragged on the histogram, and the link to it shows the same", async ({
  page,
  context,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(url("/events?since=7d"));
  const chart = page.getByRole("img", { name: /Events over time/ });
  await expect(chart.locator("canvas")).toBeVisible();
  const box = await chart.boundingBox();
  if (!box) throw new Error("the chart has no place");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.75, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.85, y, { steps: 8 });
  await page.mouse.up();
  await expect(page).toHaveURL(/since=\d{4}-.*until=\d{4}-/);

  await expect(page.locator("section.chart b")).toBeVisible();
  const shown = await page.locator("section.chart b").textContent();
  await page.getByRole("button", { name: "Share" }).click();
  await expect(page.getByText(/Link copied/)).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.locator("section.chart b")).toHaveText(shown ?? "");
});

test("an event is looked at, and what happened around it", async ({ page }) => {
  await page.goto(url("/events?since=7d&query=event.action:user.session.start"));
  await expect(page.getByRole("table", { name: table }).getByRole("row").nth(2)).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: "Event", exact: true });
  await expect(panel.getByText("user.session.start").first()).toBeVisible();
  await panel.getByRole("button", { name: "Okta's JSON" }).click();
  await expect(panel.getByText('"eventType"')).toBeVisible();

  await panel.getByRole("link", { name: "Around this event" }).click();
  await expect(page).toHaveURL(/\/events\/[^/]+\?seq=\d+/);
  const around = page.getByRole("region", { name: "Around this event" });
  await expect(around.locator("tr[aria-current]")).toHaveCount(1);
  // Normalised and raw stand side by side.
  await expect(page.getByRole("region", { name: "Record" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Okta's JSON" })).toBeVisible();
  await around.getByRole("button", { name: "This user" }).click();
  await expect(page).toHaveURL(/within=user/);
});

test("events arrive live", async ({ page }) => {
  await page.goto(url("/events?since=15m"));
  const rows = page.getByRole("table", { name: table });
  await expect(rows).toBeVisible();
  await page.keyboard.press("l");
  await expect(page.getByText("live", { exact: true })).toBeVisible();
  const count = async () => Number((await rows.getAttribute("aria-rowcount")) ?? 0);
  const before = await count();
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before);
});

test("events are exported with the columns that are shown", async ({ page }) => {
  await page.goto(url("/events?since=7d&query=event.outcome:failure&columns=user.name,source.ip"));
  await expect(page.getByRole("table", { name: table })).toBeVisible();
  await page.getByRole("button", { name: "Export" }).click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: /CSV/ }).click();
  const stream = await (await waiting).createReadStream();
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  expect(text.split(/\r?\n/)[0]).toMatch(/^'?@timestamp,user\.name,source\.ip$/);
});

test("a search is saved under a name, and used again", async ({ page }) => {
  await page.goto(url("/events?since=7d&query=event.outcome:failure"));
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("menuitem", { name: /Save this search/ }).click();
  await page.getByLabel("Name").fill("Failures of the week");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Search saved")).toBeVisible();
  await page.goto(url("/events"));
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("menuitem", { name: "Failures of the week" }).click();
  await expect(page).toHaveURL(/query=event\.outcome%3Afailure/);
});
