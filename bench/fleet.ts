// What a thousand devices cost: logger, stats and the process of the devices themselves, with Mosquitto, each
// device with a connection of its own and a state a second. Processor time, memory, and whether all is stored.
//
//   npm run bench:fleet [seconds]
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { NODE_ARGUMENTS, NODE_ENVIRONMENT, print } from "@weir/runtime";
import { readRange } from "@weir/store";
import { freePort } from "@weir/testkit";
import Table from "cli-table3";
import { growthOf } from "./logger/comparison.ts";
import { findMosquitto, MOSQUITTO_REMEDY, OPEN, startMosquitto } from "./logger/mosquitto.ts";
import { type Child, cpuUs, rssBytes, startChild } from "./logger/process.ts";
import { readyAt } from "./logger/weir.ts";

const DEVICES = 1_000;
const SECONDS_DEFAULT = 60;
/** Connecting, and the first collections of garbage, belong to nobody's rate. */
const WARM_UP_SECONDS = 20;
const SAMPLE_MS = 1_000;
const SERVICES = join(import.meta.dirname, "../services");

/** A process that is watched. */
interface Watched {
  name: string;
  pid: number;
  cpuBeforeUs: number;
  residentBytes: number[];
}

interface Place {
  folder: string;
  port: number;
}

async function startService(name: "logger" | "stats", { folder, port }: Place): Promise<Child> {
  const httpPort = await freePort();
  const child = await startChild({
    command: process.execPath,
    args: [...NODE_ARGUMENTS, join(SERVICES, name, "src/main.ts")],
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      ...NODE_ENVIRONMENT,
      BROKER: `127.0.0.1:${port}`,
      DB_FILE: join(folder, "weir.db"),
      LOG_LEVEL: "error",
      [`${name.toUpperCase()}_HTTP_PORT`]: String(httpPort),
    },
  });
  // Stats waits for the store of the stream data, in which nothing comes here.
  if (name === "logger") await Promise.race([readyAt(httpPort), child.failed]);
  return child;
}

async function startFleet(seconds: number, { port }: Place): Promise<Child> {
  const options = ["--devices", DEVICES, "--rate", 1, "--for", seconds, "--name", "bench"];
  return await startChild({
    command: process.execPath,
    args: [join(SERVICES, "device-agent/src/fleet/main.ts"), ...options.map(String)],
    env: { PATH: process.env.PATH, BROKER: `127.0.0.1:${port}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function watch(watched: readonly Watched[], seconds: number): Promise<void> {
  for (const one of watched) one.cpuBeforeUs = cpuUs(one.pid);
  for (let passed = 0; passed < seconds; passed += 1) {
    await pause(SAMPLE_MS);
    for (const { pid, residentBytes } of watched) residentBytes.push(rssBytes(pid));
  }
}

async function storedStates(folder: string): Promise<number> {
  const place = { kind: "folder", folder: join(folder, "devices") } as const;
  let states = 0;
  for await (const { messages } of readRange(place, { filters: ["devices/+/state"] })) {
    states += messages.length;
  }
  return states;
}

function render(watched: readonly Watched[], elapsedMs: number): string {
  const table = new Table({
    style: { head: [], border: [] },
    head: ["process", "cores", "memory, MB: most", "growth"],
  });
  for (const { name, pid, cpuBeforeUs, residentBytes } of watched) {
    const cores = (cpuUs(pid) - cpuBeforeUs) / 1_000 / elapsedMs;
    const most = Math.max(...residentBytes) / 1e6;
    table.push([name, cores.toFixed(3), most.toFixed(0), `${growthOf(residentBytes).toFixed(2)}x`]);
  }
  return table.toString();
}

async function measure(seconds: number): Promise<string> {
  const mosquitto = findMosquitto();
  if (mosquitto === null) throw new Error(MOSQUITTO_REMEDY);
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = opened.use(await startMosquitto(mosquitto, OPEN, folder));
  const place = { folder, port: broker.port };
  const logger = opened.use(await startService("logger", place));
  const stats = opened.use(await startService("stats", place));
  const fleet = opened.use(await startFleet(WARM_UP_SECONDS + seconds + 5, place));
  const { stdout } = fleet.process;
  if (stdout === null) throw new Error("the fleet has no standard output");
  const said = text(stdout);
  await pause(WARM_UP_SECONDS * 1_000);

  const watched: Watched[] = Object.entries({ logger, stats, fleet }).map(([name, { pid }]) => ({
    name,
    pid,
    cpuBeforeUs: 0,
    residentBytes: [],
  }));
  const begunMs = performance.now();
  await watch(watched, seconds);
  const table = render(watched, performance.now() - begunMs);
  const summary = (await said).trim().split("\n").at(-1);
  await logger[Symbol.asyncDispose]();
  return `${table}\n${summary}\n${await storedStates(folder)} states stored`;
}

const seconds = Number(process.argv[2] ?? SECONDS_DEFAULT);
if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3_600) {
  print("npm run bench:fleet [seconds]: from 1 to 3600\n", { to: process.stderr });
  process.exit(78);
}
const [cpu] = cpus();
print(
  `${cpus().length} x ${cpu?.model ?? "?"}, Linux ${release()}, Node ${process.version}; ${DEVICES} devices, ${seconds} s\n`,
);
print(`${await measure(seconds)}\n`);
