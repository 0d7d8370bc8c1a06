// What a thousand devices cost: logger, stats and the process of the devices themselves, with Mosquitto, each
// device with its own connection and a state a second. Processor time, memory, and whether all states are stored.
//
//   npm run bench:fleet [seconds]
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { print } from "@weir/runtime";
import { readRange } from "@weir/store";
import { freePort, temporaryFolder } from "@weir/testkit";
import { growthOf } from "./logger/comparison.ts";
import { findMosquitto, MOSQUITTO_REMEDY, OPEN, startMosquitto } from "./logger/mosquitto.ts";
import { type Child, cpuUs, rssBytes } from "./logger/process.ts";
import { readyAt } from "./logger/weir.ts";
import { createTable, printResults, startProgram } from "./output.ts";

const DEVICES = 1_000;
const SECONDS_DEFAULT = 60;
/** Connecting and the first garbage collections are not part of the measurement. */
const WARM_UP_SECONDS = 20;

async function measure(seconds: number): Promise<void> {
  const mosquitto = findMosquitto();
  if (mosquitto === null) throw new Error(MOSQUITTO_REMEDY);
  using folder = temporaryFolder();
  await using broker = await startMosquitto(mosquitto, OPEN, folder.path);
  const brokerAddress = `127.0.0.1:${broker.port}`;

  const httpPort = await freePort();
  const service = (name: string, environment: Record<string, string>): Promise<Child> =>
    startProgram(
      [`services/${name}/src/main.ts`],
      {
        BROKER: brokerAddress,
        DB_FILE: folder.file("weir.db"),
        LOG_LEVEL: "error",
        ...environment,
      },
      { cwd: folder.path },
    );
  await using logger = await service("logger", { LOGGER_HTTP_PORT: String(httpPort) });
  await Promise.race([readyAt(httpPort), logger.failed]);
  // Stats is not ready before the stream data has a store, and this stream receives nothing here.
  await using stats = await service("stats", { STATS_HTTP_PORT: "0" });
  const livesSeconds = WARM_UP_SECONDS + seconds + 5;
  const options = ["--devices", DEVICES, "--rate", 1, "--for", livesSeconds, "--name", "bench"];
  await using fleet = await startProgram(
    ["weir/src/main.ts", "fleet", ...options.map(String)],
    { BROKER: brokerAddress },
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const { stdout } = fleet.process;
  if (stdout === null) throw new Error("the fleet has no standard output");
  const output = text(stdout);
  await pause(WARM_UP_SECONDS * 1_000);

  const watched = Object.entries({ logger, stats, fleet }).map(([name, { pid }]) => ({
    name,
    pid,
    cpuBeforeUs: cpuUs(pid),
    residentBytes: [] as number[],
  }));
  const startMs = performance.now();
  for (let passed = 0; passed < seconds; passed += 1) {
    await pause(1_000);
    for (const { pid, residentBytes } of watched) residentBytes.push(rssBytes(pid));
  }
  const elapsedMs = performance.now() - startMs;
  const table = createTable("process", "cores", "memory, MB: most", "growth");
  for (const { name, pid, cpuBeforeUs, residentBytes } of watched) {
    const cores = (cpuUs(pid) - cpuBeforeUs) / 1_000 / elapsedMs;
    const most = Math.max(...residentBytes) / 1e6;
    table.push([name, cores.toFixed(3), most.toFixed(0), `${growthOf(residentBytes).toFixed(2)}x`]);
  }
  const summary = (await output).trim().split("\n").at(-1) ?? "";
  await logger[Symbol.asyncDispose]();
  const stored = `${await storedStates(folder.path)} states stored`;
  printResults(`${DEVICES} devices, ${seconds} s`, table, summary, stored);
}

async function storedStates(folder: string): Promise<number> {
  const place = { kind: "folder", folder: join(folder, "devices") } as const;
  let states = 0;
  for await (const { messages } of readRange(place, { filters: ["devices/+/state"] })) {
    states += messages.length;
  }
  return states;
}

const seconds = Number(process.argv[2] ?? SECONDS_DEFAULT);
if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3_600) {
  print("npm run bench:fleet [seconds]: from 1 to 3600\n", { to: process.stderr });
  process.exit(78);
}
await measure(seconds);
