// What a thousand devices cost: logger, stats and the process of the devices themselves, with Mosquitto, each
// device with its own connection and a state a second. Processor time, memory, and whether all states are stored.
//
//   npm run bench:fleet [seconds]
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { readRange } from "@weir/store";
import { freePort, temporaryFolder } from "@weir/testkit";
import { findMosquitto, OPEN, startMosquitto } from "./logger/mosquitto.ts";
import { readyAt } from "./logger/weir.ts";
import { countArgument, createTable, growthOf, printResults } from "./output.ts";
import { type Child, startProgram, usageOver } from "./process.ts";

const DEVICES = 1_000;
/** Connecting and the first garbage collections are not part of the measurement. */
const WARM_UP_SECONDS = 20;

async function measure(seconds: number): Promise<void> {
  using folder = temporaryFolder();
  await using broker = await startMosquitto(findMosquitto(), OPEN, folder.path);
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

  const table = createTable("process", "cores", "memory, MB: most", "growth");
  const children = { logger, stats, fleet };
  const watching = Object.values(children).map((child) => usageOver(seconds, child));
  const usages = await Promise.all(watching);
  for (const [index, name] of Object.keys(children).entries()) {
    const { cores, residentBytes } = usages[index] as (typeof usages)[number];
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

await measure(countArgument("fleet [seconds]", { standard: 60, max: 3_600 }));
