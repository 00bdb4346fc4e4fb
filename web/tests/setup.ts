import { ADMIN_STATE, expect, PASSWORD, test, url } from "./desk.ts";

// Nobody is signed in yet.
test.use({ storageState: { cookies: [], origins: [] } });

test("the first administrator is set up with the printed link", async ({ page }) => {
  await page.goto(url());
  await expect(page.getByRole("heading", { name: "Set up Wardgate" })).toBeVisible();
  await expect(page.getByLabel("Token")).toBeVisible();

  await page.goto(process.env.DESK_LINK ?? "");
  await page.reload();
  await page.goto(url());
  await page.goto(process.env.DESK_LINK ?? "");
  // The secret leaves the address at once.
  await expect(page).toHaveURL(url("/setup"));
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill("password1234");
  await page.getByLabel("Password again").fill("password1234");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();

  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await page.context().storageState({ path: ADMIN_STATE });

  // The link was good once.
  const again = await page.request.get(url("/api/v1/session"));
  expect(await again.json()).toMatchObject({ setup: false, user: { name: "ada", role: "admin" } });
});

test("signing in with a wrong password says so, and with the right one leads on", async ({
  page,
}) => {
  await page.goto(url("/alerts?state=new"));
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password").fill("not this one, surely");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Alerts" })).toBeVisible();
  await expect(page).toHaveURL(/\/alerts\?state=new$/);
});
