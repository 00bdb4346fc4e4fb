import { expect, test, url } from "./desk.ts";

test("a rule is tried on stored events while it is written", async ({ page }) => {
  await page.goto(url("/rules/bench?since=7d"));
  const result = page.getByRole("region", { name: "What it would have found" });
  await expect(result.getByText(/[1-9]\d* alerts?/).first()).toBeVisible({ timeout: 30_000 });
  const editor = page.getByRole("textbox", { name: "Rule in YAML" });
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\nlevel: [");
  await expect(result.getByRole("alert")).toBeVisible({ timeout: 20_000 });
});

test("an exception is written, and deleted again", async ({ page }) => {
  await page.goto(url("/rules/exceptions"));
  await page.getByRole("button", { name: "New exception…" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: /^Rule/ }).selectOption({ index: 2 });
  await dialog.getByRole("combobox", { name: "Field", exact: true }).fill("source.ip");
  await dialog.getByLabel(/^Values/).fill("192.0.2.0/24\n198.51.100.7");
  await dialog.getByLabel("Reason").fill("the new office");
  await dialog.getByRole("button", { name: "Write the exception" }).click();
  await expect(page.getByText("it holds from now on")).toBeVisible();
  const row = page.getByRole("row", { name: /the new office/ });
  await expect(row).toContainText("192.0.2.0/24");
  await row.getByRole("button", { name: "Delete" }).click();
  await expect(row).toHaveCount(0);
});

test("a rule is switched off and on, with a reason, and both are in the audit log", async ({
  page,
}) => {
  await page.goto(url("/rules"));
  await page.getByRole("region", { name: "Rules found" }).getByRole("link").first().click();
  await page.getByRole("button", { name: "Switch off…" }).click();
  await page.getByLabel("Reason").fill("too loud this week");
  await page.getByRole("button", { name: "Switch off", exact: true }).click();
  await expect(page.getByText(/Switched off by ada/)).toContainText("too loud this week");
  await page.getByRole("button", { name: "Switch on…" }).click();
  await page.getByRole("button", { name: "As the configuration has it" }).click();
  await expect(page.getByRole("button", { name: "Switch off…" })).toBeVisible();

  await page.goto(url("/audit?action=rule"));
  await expect(page.getByRole("row").nth(2)).toBeVisible();
});

test("the matrix says which rules cover a technique", async ({ page }) => {
  await page.goto(url("/rules/coverage"));
  await page
    .getByRole("button", { name: /^T\d{4}/ })
    .first()
    .click();
  await expect(page.getByRole("dialog").getByRole("link").first()).toBeVisible();
});
