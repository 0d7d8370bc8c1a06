import { randomUUID } from "node:crypto";
import { createReconnectingClient } from "@weir/mqtt";
import { isName, parseStatistics, type Statistics, WINDOWS } from "@weir/protocol";
import {
  createLogger,
  EXIT_CODES,
  Fault,
  loadEnvironment,
  optionFault,
  parseArguments,
  print,
  runCommand,
  systemClock,
  toolEnvironment,
} from "@weir/runtime";
import { compareWithSql, renderComparison, seriesInSql } from "@weir/stats/compare-with-sql";
import { readStatsConfig, type StatsConfig } from "@weir/stats/config";
import { openReader, type StoreReader } from "@weir/store";

/** What `npm run verify-stats` compares. */
interface VerifyRequest {
  /** The topic of the publication. */
  topic: string;
  /** What SQL says. */
  sql: Pick<StoreReader, "summarizeSpan"> & Disposable;
}

const OPTIONS = { device: { type: "string" }, attribute: { type: "string" } } as const;

/**
 * Without options the statistics of the main job, with `--device` and `--attribute` those of one series.
 *
 * @throws Fault for options that are wrong, and where there is nothing to compare with.
 */
function readVerifyRequest(argv: readonly string[], config: StatsConfig): VerifyRequest {
  const given = parseArguments(argv, OPTIONS);
  const device = given.text("device");
  const attribute = given.text("attribute");
  if (device === null && attribute === null) return ofMainJob(config);
  return ofSeries(config, {
    device: checkName("device", device),
    attribute: checkName("attribute", attribute),
  });
}

function ofMainJob({ topic, file }: StatsConfig): VerifyRequest {
  const reader = openReader(file);
  if (reader === null) {
    throw new Fault(`there is no store at ${file}`, {
      remedy:
        "Name it in DB_FILE, or start the suite first; one in Compose is asked by docker compose exec stats node weir/src/verify-stats.ts.",
      exitCode: EXIT_CODES.unavailable,
    });
  }
  return { topic, sql: reader };
}

function ofSeries(
  { series }: StatsConfig,
  asked: { device: string; attribute: string },
): VerifyRequest {
  if (series === null) {
    throw new Fault("there are no statistics of devices: STATS_SERIES_STREAM names no stream", {
      remedy: "Name the stream of the devices' states there.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  return {
    topic: `${series.topic}/${asked.device}/${asked.attribute}`,
    sql: { ...seriesInSql({ ...series, ...asked }), [Symbol.dispose]: () => {} },
  };
}

function checkName(option: string, given: string | null): string {
  if (given !== null && isName(given)) return given;
  throw optionFault(option, given ?? "", "a name, with --device and --attribute together");
}

/** `npm run verify-stats`: reads one publication of statistics and holds it to SQL over the store. */
async function verify(): Promise<number> {
  const config = readStatsConfig(toolEnvironment(loadEnvironment()));
  const { topic, sql } = readVerifyRequest(process.argv.slice(2), config);
  using _sql = sql;
  const statistics = await nextStatistics(topic, config);
  const comparison = WINDOWS.map((window) => compareWithSql(window, statistics, sql));
  print(renderComparison(statistics, comparison));
  return comparison.every(({ isEqual }) => isEqual) ? EXIT_CODES.ok : EXIT_CODES.fault;
}

const TIMEOUT_MS = 60_000;

async function nextStatistics(
  topic: string,
  { broker, process: life }: StatsConfig,
): Promise<Statistics> {
  const received = Promise.withResolvers<Statistics>();
  await using client = createReconnectingClient({
    broker,
    clientId: `weir-verify-${randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: [{ filter: topic, qos: 1 }],
    onMessage: ({ payload, retained }) => {
      // A retained message may be older than what the store still holds.
      const statistics = retained ? null : parseStatistics(payload);
      if (statistics !== null) received.resolve(statistics);
    },
    clock: systemClock,
    logger: createLogger("verify-stats", { ...life, logLevel: "warn" }),
  });
  client.start();
  using _timer = systemClock.schedule(TIMEOUT_MS, () =>
    received.reject(
      new Fault(`no statistics on ${topic} within ${TIMEOUT_MS / 1_000} s`, {
        remedy: "Is the suite running, at the broker that BROKER names?",
        exitCode: EXIT_CODES.unavailable,
      }),
    ),
  );
  return await received.promise;
}

await runCommand("verify-stats", verify);
