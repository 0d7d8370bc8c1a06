// What statistics of many devices cost: the memory of series that have been full for half an hour, and
// the processor time of stats while a thousand states a second come and a hundred statistics a second go.
//
//   npm run bench:series [seconds]
import { setTimeout as pause } from "node:timers/promises";
import { startBroker } from "@weir/broker";
import { SeriesSet } from "@weir/stats/series-set";
import { type NewRow, openSegmentedStore } from "@weir/store";
import { freePort, rowOf, temporaryFolder } from "@weir/testkit";
import { countArgument, createTable, printResults } from "./output.ts";
import { startProgram, usageOver } from "./process.ts";

const SERIES = 1_000;
const FULL_SECONDS = 1_920;
const STATES_PER_SECOND = 1_000;
const COMMITS_PER_SECOND = 12.5;
const ROTATION_MS = 5_000;
const WARM_UP_SECONDS = 5;

/** Bytes for each series that has so many readings in each second of the longest window. */
function bytesPerSeries(readingsPerSecond: number): number {
  const atSecond = Math.floor(Date.now() / 1_000);
  const series = new SeriesSet(SERIES);
  const before = usedBytes();
  let id = 0;
  for (let age = FULL_SECONDS - 1; age >= 0; age -= 1) {
    for (let number = 0; number < SERIES * readingsPerSecond; number += 1) {
      const topic = `STATS/device-${number % SERIES}/value`;
      id += 1;
      const point = { topic, kind: "gauge" as const, second: atSecond - age, value: id / 7, id };
      series.add(point, { atSecond, nowMs: 0 });
    }
  }
  const bytes = usedBytes() - before;
  if (series.size !== SERIES) throw new Error(`${series.size} series were kept`);
  return bytes / SERIES;
}

function usedBytes(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function stateRow(number: number, receivedUs: number): NewRow {
  const payload = `{"data":{"value":${number % 977}},"time":${receivedUs / 1_000}}`;
  return { ...rowOf(payload, receivedUs), topic: `devices/device-${number % SERIES}/state` };
}

/** Cores, memory and publications a second of stats, over so many seconds. */
async function measureProcess(seconds: number) {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  using store = openSegmentedStore({
    folder: folder.file("devices"),
    stream: "devices",
    synchronous: "NORMAL",
    nowUs: Date.now() * 1_000,
  });
  const started = performance.now();
  let written = 0;
  let rotated = started;
  const writing = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1_000) * STATES_PER_SECOND);
    const nowUs = Date.now() * 1_000;
    store.append(
      Array.from({ length: due - written }, (_, index) => stateRow(written + index, nowUs)),
    );
    written = due;
    if (performance.now() - rotated < ROTATION_MS) return;
    rotated = performance.now();
    store.rotate(nowUs);
  }, 1_000 / COMMITS_PER_SECOND);
  using _writing = { [Symbol.dispose]: () => clearInterval(writing) };

  const port = await freePort();
  await using stats = await startProgram(["services/stats/src/main.ts"], {
    BROKER: `127.0.0.1:${broker.port}`,
    DB_FILE: folder.file("weir.db"),
    STATS_HTTP_PORT: String(port),
    LOG_LEVEL: "warn",
  });
  await Promise.race([pause(WARM_UP_SECONDS * 1_000), stats.failed]);
  const before = { published: await publishedBy(port), written };
  const { cores, residentBytes } = await usageOver(seconds, stats);
  return {
    cores,
    statesPerSecond: (written - before.written) / seconds,
    publicationsPerSecond: ((await publishedBy(port)) - before.published) / seconds,
    rssBytes: residentBytes.at(-1) ?? Number.NaN,
  };
}

async function publishedBy(port: number): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const [, count] = /^weir_stats_series_publications_total (\d+)/m.exec(metrics) ?? [];
  return Number(count);
}

const seconds = countArgument("series [seconds]", { standard: 20, max: 3_600 });
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const memory = createTable("readings a second", "bytes a series", "1,000 series");
for (const readings of [1, 2]) {
  const bytes = bytesPerSeries(readings);
  memory.push([readings, Math.round(bytes).toLocaleString("en"), mebibytes(bytes * 1_000)]);
}
const measured = await measureProcess(seconds);
const running = createTable("states/s", "publications/s", "cores", "memory (RSS)");
running.push([
  measured.statesPerSecond.toFixed(0),
  measured.publicationsPerSecond.toFixed(1),
  measured.cores.toFixed(3),
  mebibytes(measured.rssBytes),
]);
printResults(
  `${seconds} s`,
  `Full series, ${FULL_SECONDS} seconds each:`,
  memory,
  `The whole process, ${SERIES} series:`,
  running,
);
