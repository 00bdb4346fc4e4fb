import { expect, test, url } from "./desk.ts";

interface Listed {
  alerts: { id: string; title: string }[];
  total: number;
}

test("an attack appears live, and is worked to its end with the keyboard", async ({ page }) => {
  await page.goto(url("/alerts"));
  const rows = page.getByRole("region", { name: "List of alerts" }).getByRole("listitem");
  await expect(rows.first()).toBeVisible();

  // Nothing is put between rows that somebody looks at: what is new waits for a key.
  const before = await rows.count();
  const fresh = page.getByRole("button", { name: /new alerts? · show/ });
  await expect(fresh).toBeVisible({ timeout: 45_000 });
  expect(await rows.count()).toBe(before);
  await page.keyboard.press("r");
  await expect(fresh).toBeHidden();

  await page.keyboard.press("j");
  await page.keyboard.press("k");
  const id = await page.evaluate(() => document.activeElement?.id.replace("alert-", ""));
  expect(id).toBeTruthy();
  await page.keyboard.press("a");
  await expect(page.getByText("1 alert acknowledged")).toBeVisible();
  await page.keyboard.press("m");
  await expect(page.getByText("1 alert assigned to you")).toBeVisible();

  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(url(`/alerts/${id ?? ""}`));
  await expect(page.getByRole("heading", { name: "What happened" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Events", exact: true })).toBeVisible();

  await page.keyboard.press("i");
  await page.keyboard.type("asked her\nshe was on a train");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("she was on a train")).toBeVisible();
  await page.keyboard.press("Escape");

  await page.keyboard.press("c");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("2");
  await expect(page.getByRole("radio", { name: /Benign/ })).toBeChecked();
  await page.keyboard.press("Enter");
  await expect(page.getByText("1 alert closed: benign")).toBeVisible();

  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(url("/alerts"));
  const answer = await page.request.get(url(`/api/v1/alerts/${id ?? ""}`));
  expect(await answer.json()).toMatchObject({
    state: "closed",
    verdict: "benign",
    assignee: "ada",
    comments: 1,
  });
});

test("filters are in the address, and the browser's buttons work", async ({ page }) => {
  await page.goto(url("/alerts?state=all"));
  const filters = page.getByRole("complementary", { name: "Filters" });
  await filters
    .getByRole("button", { name: /^(high|medium)/ })
    .first()
    .click();
  await expect(page).toHaveURL(/severity=(high|medium)/);
  const severity = new URL(page.url()).searchParams.get("severity") ?? "";
  const api = await page.request.get(url(`/api/v1/alerts?severity=${severity}&limit=1`));
  const { total } = (await api.json()) as Listed;
  expect(total).toBeGreaterThan(0);
  // Only such alerts are listed.
  const others = page.locator(`li .severity .severity:not([title="${severity}"])`);
  await expect(others).toHaveCount(0);
  await expect(page.locator(`li .severity .severity[title="${severity}"]`).first()).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(url("/alerts?state=all"));
});

test("several alerts are closed at once, and that is taken back", async ({ page }) => {
  await page.goto(url("/alerts?state=new"));
  await expect(page.getByRole("checkbox").first()).toBeVisible();
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.keyboard.press("c");
  await page.keyboard.press("3");
  await page.keyboard.press("Enter");
  await expect(page.getByText("2 alerts closed: false positive")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("2 alerts reopened")).toBeVisible();
});

test("keys are shown, and single letters can be switched off", async ({ page }) => {
  await page.goto(url("/alerts"));
  await expect(page.getByRole("checkbox").first()).toBeVisible();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Close with a verdict")).toBeVisible();
  await dialog.getByLabel("Single letters are commands").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.evaluate(() => localStorage.clear());
});

test("alerts are exported as a spreadsheet", async ({ page }) => {
  await page.goto(url("/alerts?state=all"));
  await page.getByRole("button", { name: "Export" }).click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: /CSV/ }).click();
  const stream = await (await waiting).createReadStream();
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  expect(text.split("\n")[0]).toContain("severity");
  expect(text.split("\n").length).toBeGreaterThan(2);
});
