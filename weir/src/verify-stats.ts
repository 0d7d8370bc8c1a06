import { randomUUID } from "node:crypto";
import { createReconnectingClient } from "@weir/mqtt";
import { isName, parseStatistics, type Statistics, WINDOWS } from "@weir/protocol";
import {
  type Clock,
  createLogger,
  EXIT_CODES,
  Fault,
  print,
  toolEnvironment,
  visible,
} from "@weir/runtime";
import { compareWithRows } from "@weir/stats/compare-with-rows";
import { compareWithSql, renderComparison, seriesInSql } from "@weir/stats/compare-with-sql";
import { readStatsConfig, type StatsConfig } from "@weir/stats/config";
import { openReader } from "@weir/store";
import type { Command } from "commander";
import {
  action,
  examples,
  type Given,
  grouped,
  optionFault,
  printJson,
  type Surroundings,
} from "./command-line.ts";

export function define(command: Command, surroundings: Surroundings): void {
  command
    .option("--device <id>", "compare a series of this device, with --attribute")
    .option("--attribute <name>", "the attribute of the series")
    .option("--all", "compare every series with statistics, by a loop over the stored rows")
    .option("--json", "print the comparison as JSON");
  examples(
    command,
    [
      "verify-stats",
      "verify-stats --device kitchen --attribute drive-space-used",
      "verify-stats --all",
    ],
    `It waits for one publication of statistics and compares it with SQL over the store. Without options it
takes the statistics of TOPIC. With --all it takes one publication of each series, until none has been new for
${QUIET_MS / 1_000} s, and for at most ${ALL_MS_MAX / 60_000} minutes. Exit code 1 when they differ, 69 when
nothing is published within ${TIMEOUT_MS / 1_000} s.`,
  );
  action(command, async (given) =>
    given.has("all") ? await verifyAll(given, surroundings) : await verify(given, surroundings),
  );
}

/** Unchanged series are published every ten seconds, where there are not very many. */
const QUIET_MS = 15_000;
/** Clients may invent series for ever. */
const ALL_MS_MAX = 600_000;

async function verifyAll(given: Given, { environment, clock, out }: Surroundings): Promise<number> {
  const config = readStatsConfig(toolEnvironment(environment));
  const { series } = config;
  const publications = await everyStatistics(`${series.statsTopic}/#`, config, clock);
  const compared = await compareWithRows(series, publications);
  const different = compared.filter(({ isEqual }) => !isEqual);
  if (given.has("json")) for (const one of compared) printJson(one, { to: out });
  else {
    for (const { topic } of different) {
      const statistics = publications.get(topic);
      const { windows } = compared.find((one) => one.topic === topic) ?? { windows: [] };
      if (statistics === undefined) continue;
      print(`${visible(topic)}\n${renderComparison(statistics, windows)}`, { to: out });
    }
    const verdict = different.length === 0 ? "all equal" : `${grouped(different.length)} differ`;
    print(`${grouped(compared.length)} series compared: ${verdict}\n`, { to: out });
  }
  return different.length === 0 ? EXIT_CODES.ok : EXIT_CODES.fault;
}

/** One publication of each series, the first that is new. */
async function everyStatistics(
  filter: string,
  config: StatsConfig,
  clock: Clock,
): Promise<Map<string, Statistics>> {
  const found = new Map<string, Statistics>();
  const over = Promise.withResolvers<void>();
  const endMs = clock.monotonic() + ALL_MS_MAX;
  let timer = clock.schedule(TIMEOUT_MS, () => over.reject(nothingPublished(filter)));
  await using _client = listen(filter, config, clock, (topic, statistics) => {
    // The publication of TOPIC itself is compared without --all.
    if (found.has(topic) || topic === config.topic) return;
    found.set(topic, statistics);
    timer[Symbol.dispose]();
    const leftMs = Math.max(0, endMs - clock.monotonic());
    timer = clock.schedule(Math.min(QUIET_MS, leftMs), over.resolve);
  });
  try {
    await over.promise;
  } finally {
    timer[Symbol.dispose]();
  }
  return found;
}

async function verify(given: Given, { environment, clock, out }: Surroundings): Promise<number> {
  const config = readStatsConfig(toolEnvironment(environment));
  const { topic, sql, store } = comparedWith(given, config);
  using _store = store;
  const statistics = await nextStatistics(topic, config, clock);
  const windows = WINDOWS.map((window) => compareWithSql(window, statistics, sql));
  const isEqual = windows.every((window) => window.isEqual);
  if (given.has("json")) {
    const { throughId } = statistics;
    printJson({ topic, throughId, isEqual, windows }, { to: out, indent: 2 });
  } else print(renderComparison(statistics, windows), { to: out });
  return isEqual ? EXIT_CODES.ok : EXIT_CODES.fault;
}

/**
 * The topic of a publication, and what SQL says of it.
 *
 * @throws Fault for options that are wrong, and where there is nothing to compare with.
 */
function comparedWith(given: Given, { topic, file, series }: StatsConfig) {
  if (given.text("device") !== null || given.text("attribute") !== null) {
    const device = readName(given, "device");
    const attribute = readName(given, "attribute");
    const { devices, statsTopic, skewUs } = series;
    if (devices === null) {
      throw new Fault("there are no statistics of devices: STATS_SERIES_STREAM names no stream", {
        remedy: "Name the stream of the devices' states there.",
        exitCode: EXIT_CODES.configuration,
      });
    }
    const sql = seriesInSql({ ...devices, skewUs, device, attribute });
    return { topic: `${statsTopic}/${device}/${attribute}`, sql, store: null };
  }
  const reader = openReader(file);
  if (reader !== null) return { topic, sql: reader, store: reader };
  throw new Fault(`there is no store at ${file}`, {
    remedy:
      "Name it in DB_FILE, or start the suite first; for a store in Compose: docker compose run --rm weir verify-stats.",
    exitCode: EXIT_CODES.unavailable,
  });
}

function readName(given: Given, option: "device" | "attribute"): string {
  const name = given.text(option) ?? "";
  if (isName(name)) return name;
  throw optionFault(option, name, "a name, with --device and --attribute together");
}

const TIMEOUT_MS = 60_000;

async function nextStatistics(
  topic: string,
  config: StatsConfig,
  clock: Clock,
): Promise<Statistics> {
  const received = Promise.withResolvers<Statistics>();
  await using _client = listen(topic, config, clock, (_, statistics) =>
    received.resolve(statistics),
  );
  using _timer = clock.schedule(TIMEOUT_MS, () => received.reject(nothingPublished(topic)));
  return await received.promise;
}

function listen(
  filter: string,
  { broker, process: life }: StatsConfig,
  clock: Clock,
  onStatistics: (topic: string, statistics: Statistics) => void,
): AsyncDisposable {
  const client = createReconnectingClient({
    broker,
    clientId: `weir-verify-${randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: [{ filter, qos: 1 }],
    onMessage: ({ topic, payload, retained }) => {
      // A retained message may be older than what the store still holds.
      const statistics = retained ? null : parseStatistics(payload);
      if (statistics !== null) onStatistics(topic, statistics);
    },
    clock,
    logger: createLogger("verify-stats", { ...life, logLevel: "warn" }),
  });
  client.start();
  return client;
}

function nothingPublished(topic: string): Fault {
  return new Fault(`no statistics on ${topic} within ${TIMEOUT_MS / 1_000} s`, {
    remedy: "Is the suite running, at the broker that BROKER names?",
    exitCode: EXIT_CODES.unavailable,
  });
}
