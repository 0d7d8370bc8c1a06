import { randomUUID } from "node:crypto";
import { systemClock } from "@weir/clock";
import { runCommand } from "@weir/command-line";
import { loadEnvironment, toolEnvironment } from "@weir/config";
import { EXIT_CODES, Fault, print } from "@weir/fault";
import { parseStatistics, type Statistics, WINDOWS } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import { createLogger } from "@weir/service";
import { compareWithSql, renderComparison } from "./comparison.ts";
import { readStatsConfig, type StatsConfig } from "./config.ts";
import { readVerifyRequest } from "./verify-request.ts";

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

await runCommand("verify-stats", verify);
