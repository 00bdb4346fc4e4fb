import { start } from "./program.ts";

/** Starts the program for all tests; what it gives ends it. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const running = await start();
  process.env.DESK_URL = running.url;
  process.env.DESK_LINK = running.link;
  return running.stop;
}
