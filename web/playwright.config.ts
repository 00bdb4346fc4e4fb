import { defineConfig, devices } from "@playwright/test";

/**
 * The desk as people use it: a real browser, the real program, a simulated organisation. One
 * worker, since all tests work at the same desk.
 */
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  globalSetup: "./tests/start.ts",
  fullyParallel: false,
  workers: 1,
  // A machine that is busy with something else may be late once.
  retries: process.env.CI ? 1 : 0,
  forbidOnly: process.env.CI !== undefined,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 860 },
    locale: "en-GB",
    timezoneId: "Europe/Oslo",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    },
  },
  projects: [
    { name: "setup", testMatch: "setup.ts" },
    { name: "desk", testMatch: "*.spec.ts", dependencies: ["setup"] },
  ],
});
