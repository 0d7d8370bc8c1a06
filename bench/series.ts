// What series cost: the processor time of following a stream beside a loop that reads the same rows and runs
// JSON.parse; that of their history; the memory of series that have been full for half an hour; and that of stats while
// a thousand states a second come and a hundred statistics a second go.
//
//   npm run bench:series [seconds]
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { startBroker } from "@weir/broker";
import { outcomeOf } from "@weir/protocol";
import { Catalogue, PointsStore } from "@weir/series";
import { HistoryFeed } from "@weir/stats/history-feed";
import { SeriesFollower } from "@weir/stats/series-follower";
import { SeriesSet } from "@weir/stats/series-set";
import { streamTopics } from "@weir/stats/series-topics";
import { followStream, type NewRow, openSegmentedStore } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { createFakeClock, freePort, rowOf, temporaryFolder } from "@weir/testkit";
import { countArgument, createTable, median, printResults } from "./output.ts";
import { startProgram, usageOver } from "./process.ts";

const SERIES = 1_000;
const FULL_SECONDS = 1_920;
const STATES_PER_SECOND = 1_000;
const COMMITS_PER_SECOND = 12.5;
const ROTATION_MS = 5_000;
const WARM_UP_SECONDS = 5;

const ROWS = 200_000;
const TOPICS = 1_000;
const CATALOGUED_TOPICS = 2_500;
const ROUNDS = 5;
const DOCUMENT = outcomeOf("JSON without a single reading").code;

/** A stream of so many messages of four attributes each. */
function fillStream(folder: string, { rows, topics }: { rows: number; topics: number }) {
  const nowUs = Date.now() * 1_000;
  using store = openSegmentedStore({ folder, stream: "home", synchronous: "NORMAL", nowUs });
  // As if five thousand a second had come.
  const row = (number: number): NewRow =>
    climateRow(number, { receivedUs: nowUs - (rows - number) * 200, topics });
  for (let from = 0; from < rows; from += 2_000) {
    store.append(Array.from({ length: 2_000 }, (_, index) => row(from + index)));
  }
}

/** A message of four attributes. */
function climateRow(
  number: number,
  { receivedUs, topics }: { receivedUs: number; topics: number },
): NewRow {
  const values = `"temperature":${(number % 977) / 10},"humidity":${number % 100},"pressure":${990 + (number % 30)},"battery":${number % 101}`;
  const text = `{"time":${Math.floor(receivedUs / 1_000)},${values}}`;
  return {
    ...rowOf(text, receivedUs),
    topic: `home/room-${number % topics}/climate`,
    outcome: DOCUMENT,
    value: null,
    observedUs: null,
  };
}

/** Microseconds of processor time a message of reading a whole stream. */
async function readingCost(folder: string, way: "JSON.parse" | "catalogue" | "statistics") {
  const place = { kind: "folder", folder } as const;
  const monotonicMs = () => performance.now();
  const before = process.cpuUsage();
  if (way === "JSON.parse") {
    using stream = followStream({ place, monotonicMs });
    for (let step = stream.step(); step.kind === "rows"; step = stream.step()) {
      for (const { payload } of step.rows.messages) JSON.parse(payload.toString("utf8"));
    }
  } else {
    using catalogue = new Catalogue(":memory:");
    using follower = followHome(folder, catalogue, { hasStatistics: way === "statistics" });
    do await follower.follow();
    while (!follower.isComplete());
    catalogue.save();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ROWS;
}

function followHome(
  folder: string,
  catalogue: Catalogue,
  {
    hasStatistics = false,
    history = null,
  }: { hasStatistics?: boolean; history?: HistoryFeed | null },
): SeriesFollower {
  const stream = {
    name: "home",
    place: { kind: "folder", folder },
    decoder: { kind: "auto" },
    timeZone: null,
    series: "auto",
    statistics: hasStatistics,
    historyMs: null,
  } as const;
  const topicOf = streamTopics("STATS", stream.name);
  return new SeriesFollower({
    name: stream.name,
    place: stream.place,
    reader: openSeriesReader(stream, 60_000_000),
    catalogue,
    statistics: hasStatistics ? { topicOf, seriesMax: 20_000 } : null,
    history,
    skewUs: 60_000_000,
    moment: () => ({ atSecond: Math.floor(Date.now() / 1_000), nowMs: performance.now() }),
    onAdded: () => {},
    onSkipped: () => {},
    onRestarted: () => {},
    onForgotten: () => {},
  });
}

const WAYS = ["JSON.parse", "catalogue", "statistics"] as const;

/** The three ways in turns: medians, in microseconds a message. */
async function readingCosts(): Promise<Record<(typeof WAYS)[number], number>> {
  using folder = temporaryFolder();
  fillStream(folder.path, { rows: ROWS, topics: TOPICS });
  const rounds: Record<(typeof WAYS)[number], number[]> = {
    "JSON.parse": [],
    catalogue: [],
    statistics: [],
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of WAYS) rounds[way].push(await readingCost(folder.path, way));
  }
  return {
    "JSON.parse": median(rounds["JSON.parse"]),
    catalogue: median(rounds.catalogue),
    statistics: median(rounds.statistics),
  };
}

/** Messages of a flush: a million points. */
const FLUSH_ROWS = 250_000;
const FLUSHES = 4;
/** Each point is written into a file of hours, of a day and of a month. */
const MERGES = 3;
const DAY_MS = 86_400_000;

/** What such messages cost with a history, in microseconds of processor time a message. */
async function historyCosts() {
  using folder = temporaryFolder();
  const home = folder.file("home");
  const rows = FLUSHES * FLUSH_ROWS;
  fillStream(home, { rows, topics: TOPICS });
  const clock = createFakeClock(Date.now());
  const indexFile = folder.file("index.db");
  using catalogue = new Catalogue(indexFile);
  using points = new PointsStore({ indexFile, clock, onLost: () => {} });
  const writer = await points.stream("home", { historyMs: 400 * DAY_MS });
  const feed = new HistoryFeed({ onlySegment: null, hasRoom: () => true, onTaken: () => {} });
  feed.open(writer);
  using follower = followHome(home, catalogue, { history: feed });
  let writingUs = 0;
  const readingUs = await cpuUsOf(async () => {
    do {
      await follower.follow();
      if (!follower.isComplete() && !writer.isDue) continue;
      writingUs += await cpuUsOf(() => writer.flush());
    } while (!follower.isComplete());
  });
  clock.advance(2 * DAY_MS);
  const mergingUs = await cpuUsOf(() => writer.merge());
  return {
    reading: (readingUs - writingUs) / rows,
    writing: writingUs / rows,
    merging: (MERGES * mergingUs) / rows,
  };
}

async function cpuUsOf(task: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Bytes that a catalogue of 10,000 series takes, with its newest values. */
async function catalogueBytes(): Promise<number> {
  using folder = temporaryFolder();
  fillStream(folder.path, { rows: 4 * CATALOGUED_TOPICS, topics: CATALOGUED_TOPICS });
  const before = usedBytes();
  using catalogue = new Catalogue(":memory:");
  using follower = followHome(folder.path, catalogue, {});
  do await follower.follow();
  while (!follower.isComplete());
  const bytes = usedBytes() - before;
  const { size } = catalogue.stream("home");
  if (size !== 4 * CATALOGUED_TOPICS) throw new Error(`${size} series were kept`);
  return bytes;
}

/** Memory and cores of stats that keeps the catalogue of 10,000 series while 5,000 messages a second come. */
async function measureCatalogue(seconds: number) {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  const home = folder.file("home");
  fillStream(home, { rows: ROWS, topics: CATALOGUED_TOPICS });
  writeFileSync(folder.file("weir.yaml"), "streams: { home: { filters: [home/#] } }");
  const nowUs = Date.now() * 1_000;
  using store = openSegmentedStore({ folder: home, stream: "home", synchronous: "NORMAL", nowUs });
  let written = 0;
  const started = performance.now();
  const writing = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1_000) * 5_000);
    const receivedUs = Date.now() * 1_000;
    const rows = Array.from({ length: due - written }, (_, index) =>
      climateRow(written + index, { receivedUs, topics: CATALOGUED_TOPICS }),
    );
    store.append(rows);
    written = due;
  }, 1_000 / COMMITS_PER_SECOND);
  using _writing = { [Symbol.dispose]: () => clearInterval(writing) };
  await using stats = await startProgram(["services/stats/src/main.ts"], {
    BROKER: `127.0.0.1:${broker.port}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: folder.file("weir.yaml"),
    STATS_HTTP_PORT: "0",
    LOG_LEVEL: "warn",
  });
  await Promise.race([pause(WARM_UP_SECONDS * 1_000), stats.failed]);
  return await usageOver(seconds, stats);
}

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

const costs = await readingCosts();
const { reading: taking, writing, merging } = await historyCosts();
const reading = createTable("reading a message of four attributes", "µs of CPU", "over JSON.parse");
for (const way of WAYS) {
  reading.push([way, costs[way].toFixed(2), `${(costs[way] / costs["JSON.parse"]).toFixed(2)}x`]);
}
const history = createTable("the history of such a message", "µs of CPU");
history.push(
  ["taking its points, beyond the catalogue", (taking - costs.catalogue).toFixed(2)],
  ["writing them", writing.toFixed(2)],
  ["merging them three times", merging.toFixed(2)],
  ["in all", (taking - costs.catalogue + writing + merging).toFixed(2)],
);
const catalogued = await catalogueBytes();

const memory = createTable("readings a second", "bytes a series", "1,000 series");
for (const readings of [1, 2]) {
  const bytes = bytesPerSeries(readings);
  memory.push([readings, Math.round(bytes).toLocaleString("en"), mebibytes(bytes * 1_000)]);
}
const catalogueUsage = await measureCatalogue(seconds);
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
  `Rows of ${TOPICS.toLocaleString("en")} topics, read from the store:`,
  reading,
  history,
  `A catalogue of 10,000 series: ${mebibytes(catalogued)} in memory. stats with it at 5,000 messages/s: ${catalogueUsage.cores.toFixed(3)} cores, ${mebibytes(Math.max(...catalogueUsage.residentBytes))} (RSS)`,
  `Full series, ${FULL_SECONDS} seconds each:`,
  memory,
  `The whole process, ${SERIES} series:`,
  running,
);
