/** Runs the program and a simulated organisation for it to follow. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOKEN = "wgs-tests-of-the-desk";
/** How long the program may take to say that it is ready, in milliseconds. */
const PATIENCE = 120_000;

export interface Running {
  /** Where the desk is. */
  url: string;
  /** The link for the first administrator. */
  link: string;
  stop: () => Promise<void>;
}

function binary(): string {
  const target = process.env.CARGO_TARGET_DIR ?? "../target";
  const built = [process.env.WARDGATE, `${target}/release/wardgate`, `${target}/debug/wardgate`];
  for (const path of built) {
    const whole = path && fileURLToPath(new URL(`../${path}`, import.meta.url));
    if (path?.startsWith("/") && existsSync(path)) return path;
    if (whole && existsSync(whole)) return whole;
  }
  throw new Error("there is no wardgate to test: run 'cargo build', or set WARDGATE to its path");
}

/** Waits until a process has written what matches, on either stream. */
function said(process: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`not said in time: ${text}`)), PATIENCE);
    const hear = (chunk: Buffer) => {
      text += chunk.toString();
      const found = wanted.exec(text);
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    };
    process.stdout?.on("data", hear);
    process.stderr?.on("data", hear);
    process.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code ?? "a signal"}: ${text}`));
    });
  });
}

function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => process.kill("SIGKILL"), 20_000);
    process.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    process.kill("SIGTERM");
  });
}

export async function start(): Promise<Running> {
  const wardgate = binary();
  const folder = mkdtempSync(join(tmpdir(), "wardgate-desk-"));
  const organisation = spawn(
    wardgate,
    [
      ...["simulate", "--listen", "127.0.0.1:0", "--format", "json", "--token", TOKEN],
      ...["--events", "3000", "--days", "2", "--seed", "7", "--rate", "5", "--attack-every", "6s"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const [, address] = await said(organisation, /"url":"([^"]+)"/);
  writeFileSync(join(folder, "token"), TOKEN, { mode: 0o600 });
  const quoted = (text: string) => JSON.stringify(text);
  writeFileSync(
    join(folder, "wardgate.toml"),
    `data_dir = ${quoted(join(folder, "data"))}
[server]
listen = "127.0.0.1:0"
[[intake]]
name = "demo"
kind = "okta"
organization_name = "demo"
base_url = ${quoted(address ?? "")}
token_file = ${quoted(join(folder, "token"))}
frequency = "1s"
ratelimit_per_minute = 10000
ratelimit_share = 100
start = "7d"
[[intake]]
name = "push"
kind = "http"
`,
  );
  const desk = spawn(wardgate, ["run", "--config", join(folder, "wardgate.toml")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async () => {
    await Promise.all([end(desk), end(organisation)]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [link, url] = await said(desk, /(http:\/\/[\d.:]+)\/setup#token=\S+/);
    // What is told afterwards is read, so that the program can go on telling.
    desk.stdout?.resume();
    desk.stderr?.resume();
    return { url: url ?? "", link, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
