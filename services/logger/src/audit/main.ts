import { randomUUID } from "node:crypto";
import { systemClock } from "@weir/clock";
import { type BrokerConfig, loadEnvironment, toolEnvironment } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { type Announcement, isName, parseAnnouncement } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import { createLogger } from "@weir/service";
import { newestFileOf, openReader } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import { matchesFilter } from "@weir/topics";
import { type LoggerConfig, readLoggerConfig } from "../config.ts";
import { count, reconcile, type StreamLedger } from "./reconcile.ts";
import { renderAudit } from "./render.ts";

const TIMEOUT_MS = 20_000;
const ANNOUNCED = "weir/publisher/";
const SENTINEL = "weir/audit";

/** `npm run audit`: the ledger beside what the publishers announce; fails when anything is missing. */
async function audit(): Promise<number> {
  const config = readLoggerConfig(toolEnvironment(loadEnvironment()));
  const announcements = await collectAnnouncements(config);
  const ledgers = config.streams.streams.map(readStreamLedger);
  const lines = reconcile(announcements, ledgers);
  const unsequenced = ledgers.reduce((sum, ledger) => sum + ledger.unsequenced, 0);
  process.stdout.write(renderAudit(lines, unsequenced));
  return lines.some(({ missing }) => count(missing) > 0) ? EXIT_CODES.fault : EXIT_CODES.ok;
}

/** @throws Fault when the stream has no file yet. */
function readStreamLedger(stream: StreamConfig): StreamLedger & { unsequenced: number } {
  const file = newestFileOf(stream.place, stream.name);
  using reader = file === null ? null : openReader(file);
  if (reader === null) {
    const where = stream.place.kind === "file" ? stream.place.file : stream.place.folder;
    throw new Fault(`there is no store of the stream ${stream.name} at ${where}`, {
      remedy:
        "Name it in DB_FILE or weir.yaml, or start the suite first; one in Compose is asked by docker compose exec logger node services/logger/src/audit/main.ts.",
      exitCode: EXIT_CODES.unavailable,
    });
  }
  const { lines: ledger, unsequenced } = reader.ledger();
  const takes = (topic: string): boolean =>
    stream.filters.some((filter) => matchesFilter(filter, topic)) &&
    !stream.exclude.some((filter) => matchesFilter(filter, topic));
  return { stream: stream.name, ledger, unsequenced, takes };
}

/** What the broker keeps of every publisher. A message of our own, behind them, says that all have come. */
async function collectAnnouncements(config: LoggerConfig): Promise<Map<string, Announcement>> {
  const announcements = new Map<string, Announcement>();
  const complete = Promise.withResolvers<void>();
  const mark = randomUUID();
  await using link = createLink({
    // The suite's own publishers are at the broker of the environment.
    broker: config.streams.brokers.default as BrokerConfig,
    clientId: `weir-audit-${randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: [
      { filter: `${ANNOUNCED}+`, qos: 1 },
      { filter: SENTINEL, qos: 1 },
    ],
    onMessage: ({ topic, payload }) => {
      if (topic === SENTINEL) {
        // Another audit may be at work.
        if (payload.toString() === mark) complete.resolve();
        return;
      }
      const publisher = topic.slice(ANNOUNCED.length);
      const announcement = parseAnnouncement(payload);
      if (announcement !== null && isName(publisher)) announcements.set(publisher, announcement);
    },
    onConnected: () => {
      link.publish(SENTINEL, mark, { qos: 1 }).catch(complete.reject);
    },
    clock: systemClock,
    logger: createLogger("audit", { ...config.process, logLevel: "warn" }),
  });
  link.start();
  using _timer = systemClock.schedule(TIMEOUT_MS, () =>
    complete.reject(
      new Fault(`the broker did not answer within ${TIMEOUT_MS / 1_000} s`, {
        remedy: "Is it running, and is BROKER right?",
        exitCode: EXIT_CODES.unavailable,
      }),
    ),
  );
  await complete.promise;
  return announcements;
}

try {
  process.exitCode = await audit();
} catch (error) {
  const remedy = error instanceof Fault ? `\n${error.remedy}` : "";
  process.stderr.write(`audit: ${errorMessage(error)}${remedy}\n`);
  process.exitCode = error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
}
