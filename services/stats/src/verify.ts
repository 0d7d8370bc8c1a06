import { randomUUID } from "node:crypto";
import { systemClock } from "@weir/clock";
import { loadEnvironment } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { parseStatistics, type Statistics, WINDOWS } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import { createLogger } from "@weir/service";
import { openReader } from "@weir/store";
import { compareWithSql, renderComparison } from "./comparison.ts";
import { readStatsConfig, type StatsConfig } from "./config.ts";

/** `npm run verify-stats`: reads one message of STATS and holds it to SQL over the store. */
async function verify(): Promise<number> {
  const config = readStatsConfig(loadEnvironment());
  using reader = openReader(config.file);
  if (reader === null) {
    throw new Fault(`there is no store at ${config.file}`, {
      remedy: "Name it in DB_FILE, or start the suite first.",
      exitCode: EXIT_CODES.unavailable,
    });
  }
  const statistics = await nextStatistics(config);
  const comparison = WINDOWS.map((window) => compareWithSql(window, statistics, reader));
  process.stdout.write(renderComparison(statistics, comparison));
  return comparison.every(({ isEqual }) => isEqual) ? EXIT_CODES.ok : EXIT_CODES.fault;
}

const TIMEOUT_MS = 60_000;

async function nextStatistics({ broker, topic, process: life }: StatsConfig): Promise<Statistics> {
  const received = Promise.withResolvers<Statistics>();
  await using link = createLink({
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
  link.start();
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

try {
  process.exitCode = await verify();
} catch (error) {
  const remedy = error instanceof Fault ? `\n${error.remedy}` : "";
  process.stderr.write(`verify-stats: ${errorMessage(error)}${remedy}\n`);
  process.exitCode = error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
}
