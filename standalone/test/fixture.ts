import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openReader } from "@weir/store";
import { BARE_ENVIRONMENT, eventually, freePort } from "@weir/testkit";

const MAIN = join(import.meta.dirname, "../src/main.ts");
/** Where it matters that all parts stop by themselves, however slow the machine is. */
export const PATIENT: string = fileURLToPath(new URL("./patient-main.ts", import.meta.url));
const SETTINGS = join(import.meta.dirname, "../../.env.example");
// Two cores that other tests share: starting six processes may take a while.
const READY_TIMEOUT_MS = 120_000;

/** The suite as `npm start` runs it, in its own folder. */
export interface TrialSuite extends AsyncDisposable {
  child: ChildProcess;
  /** What it wrote to standard output: the table. */
  table(): string;
  /** What it wrote to standard error: its sentences. */
  said(): string;
  /** Resolves with its exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>;
  /** The process ids of its parts, by name; `of` is the suite's own, where something else has started it. */
  parts(of?: number): Record<string, number>;
  /** The process id of one of its parts. @throws Error where it does not run: the id 0 would be this process's group. */
  part(name: string): number;
}

export interface TrialOptions {
  folder: string;
  environment?: Record<string, string>;
  args?: readonly string[];
  /** The program that is run; default the supervisor itself. */
  program?: string;
  /** A command that runs it in a terminal, up to the text of what it runs. */
  terminal?: readonly string[];
}

/** An empty value means the default: nothing holds of the .env that a developer has. */
const NOTHING_SET = Object.fromEntries(
  [...readFileSync(SETTINGS, "utf8").matchAll(/^# ?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => [
    name,
    "",
  ]),
);

/** Starts the suite; every port is free. */
export async function startSuite(options: TrialOptions): Promise<TrialSuite> {
  const { folder, environment = {}, args = [], program = MAIN, terminal = [] } = options;
  const run = [process.execPath, program, ...args];
  const [command = "", ...rest] = terminal.length === 0 ? run : [...terminal, run.join(" ")];
  const child = spawn(command, rest, {
    cwd: folder,
    env: {
      ...NOTHING_SET,
      ...BARE_ENVIRONMENT,
      BROKER_PORT: String(await freePort()),
      // Whether this machine has a Mosquitto or not.
      BROKER_KIND: "aedes",
      DB_FILE: join(folder, "data/weir.db"),
      PUBLISHER_OUTBOX_FILE: join(folder, "data/outbox.db"),
      DEVICE_FOLDER: join(folder, "data/device"),
      LOG_FOLDER: join(folder, "data/logs"),
      PUBLISHER_INTERVAL_MIN_MS: "20",
      PUBLISHER_INTERVAL_MAX_MS: "50",
      LOGGER_HTTP_PORT: "0",
      STATS_HTTP_PORT: "0",
      PUBLISHER_HTTP_PORT: "0",
      STATS_PRINTER_HTTP_PORT: "0",
      DEVICE_AGENT_HTTP_PORT: "0",
      WORKFLOWS_HTTP_PORT: "0",
      DASHBOARD_HTTP_PORT: "0",
      DASHBOARD_PORT: String(await freePort()),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let table = "";
  let said = "";
  child.stdout?.on("data", (chunk) => {
    table += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const ended = once(child, "exit").then(([code, signal]) => code ?? signal);
  return {
    child,
    table: () => table,
    said: () => said,
    ended,
    parts: (of = child.pid) => partsOf(of),
    part: (name) => {
      const pid = partsOf(child.pid)[name];
      if (pid === undefined) throw new Error(`${name} does not run; the suite said ${said}`);
      return pid;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Waits until the table shows numbers. */
export async function hasTable(suite: TrialSuite): Promise<void> {
  const hasEnded = suite.ended.then((code) => {
    throw new Error(`it ended with ${code}, saying ${suite.said()}`);
  });
  const isShown = eventually(
    () => /^ +[\d.]+ +[\d.]+ +[\d.]+$/m.test(suite.table()),
    READY_TIMEOUT_MS,
  );
  await Promise.race([isShown, hasEnded]);
}

/** Waits until the suite has said something. */
export async function hasSaid(suite: TrialSuite, text: string): Promise<void> {
  await eventually(() => suite.said().includes(text), READY_TIMEOUT_MS);
}

/** Whether none of these processes runs any more. A zombie does not run. */
export function areGone(pids: readonly number[]): boolean {
  return processTable("pid=,stat=").every((row) => {
    const [pid, state = ""] = row.trim().split(/ +/);
    return !pids.includes(Number(pid)) || state.startsWith("Z");
  });
}

/** The ids of the oldest and the newest row of the store in a trial's folder. */
export function rowIds(folder: string): { first: number; last: number } {
  using reader = openReader(join(folder, "data/weir.db"));
  if (reader === null) return { first: 0, last: 0 };
  return { first: reader.firstId(), last: reader.state().lastId };
}

/** Listens on its own port until it is disposed of. */
export async function takePort(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

function partsOf(parent: number | undefined): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const row of processTable("pid=,ppid=,args=")) {
    const match = /^ *(\d+) +(\d+) .*\/([a-z-]+?)(?:\/src\/main|-main)\.ts/.exec(row);
    if (match?.[3] !== undefined && Number(match[2]) === parent) parts[match[3]] = Number(match[1]);
  }
  return parts;
}

function processTable(columns: string): string[] {
  return execFileSync("ps", ["-A", "-ww", "-o", columns], { encoding: "utf8" }).split("\n");
}
