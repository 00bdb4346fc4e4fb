import { artefact, create, expect, test, url } from "./desk.ts";

const NAMES = {
  markup: "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>",
  backwards: "invoice\u202egnp.exe\u2066",
  control: "bell\u0007 escape\u001b[31m line\nfeed",
  long: "W".repeat(10_000),
  formula: '=HYPERLINK("https://example.org";"here")',
};

test("stored text that is hostile harms nothing", async ({ page, request }) => {
  const key = await create(page.request, "/intakes/push/keys", { name: "hostile" });
  const published = new Date().toISOString();
  const events = Object.entries(NAMES).map(([kind, name], place) => ({
    uuid: `5e1ec7ed-0000-4000-8000-00000000000${place}`,
    published,
    eventType: "user.session.start",
    displayMessage: name,
    outcome: { result: "FAILURE", reason: name },
    actor: {
      id: `00u${kind}`,
      type: "User",
      alternateId: `${kind}@hostile.test`,
      displayName: name,
    },
    client: { ipAddress: "192.0.2.66", userAgent: { rawUserAgent: name } },
  }));
  // A running program takes a new key over within seconds.
  await expect(async () => {
    const pushed = await request.post(url("/jsons"), {
      data: events,
      headers: { "X-SEKOIAIO-INTAKE-KEY": String(key.key) },
    });
    expect(pushed.ok(), await pushed.text()).toBe(true);
  }).toPass({ timeout: 30_000 });

  const columns = "user.name,user.full_name,event.reason";
  const asked = `/events?since=1h&query=source.ip:192.0.2.66&columns=${columns}`;
  await expect(async () => {
    await page.goto(url(asked));
    await expect(page.getByRole("row")).toHaveCount(events.length + 1, { timeout: 2000 });
  }).toPass({ timeout: 40_000 });

  // Nothing ran, what cannot be seen is shown, nothing is wider than the window.
  await expect(page).toHaveTitle("Events · Wardgate");
  await expect(page.locator("img[src='x']")).toHaveCount(0);
  await expect(page.getByText("U+202E").first()).toBeVisible();
  await expect(page.getByText("U+001B").first()).toBeVisible();
  const wider = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(await wider()).toBeLessThanOrEqual(0);
  await page.screenshot({ path: artefact("hostile-events.png") });

  for (const [place, event] of events.entries()) {
    await page.goto(url(`/events/${event.uuid}`));
    await expect(page.getByRole("region", { name: "Record" })).toBeVisible();
    expect(await wider()).toBeLessThanOrEqual(0);
    await page.screenshot({ path: artefact(`hostile-event-${place}.png`) });
  }
  for (const kind of Object.keys(NAMES)) {
    await page.goto(url(`/entities/user/${kind}%40hostile.test`));
    await expect(page.getByRole("heading", { name: "Activity" })).toBeVisible();
    expect(await wider()).toBeLessThanOrEqual(0);
    await expect(page).not.toHaveTitle(/owned/);
  }

  const csv = await page.request.get(
    url(`/api/v1/events/export?query=source.ip:192.0.2.66&since=1h&format=csv&fields=${columns}`),
  );
  expect(await csv.text()).not.toMatch(/(^|,|")=HYPERLINK/m);
});
