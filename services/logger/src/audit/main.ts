import { randomUUID } from "node:crypto";
import { systemClock } from "@weir/clock";
import { loadEnvironment } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { type Announcement, isName, parseAnnouncement } from "@weir/messages";
import { createLink } from "@weir/mqtt";
import { createLogger } from "@weir/service";
import { openReader } from "@weir/store";
import { type LoggerConfig, readLoggerConfig } from "../config.ts";
import { count, reconcile } from "./reconcile.ts";
import { renderAudit } from "./render.ts";

const TIMEOUT_MS = 20_000;
const ANNOUNCED = "weir/publisher/";

/** `npm run audit`: the ledger beside what the publishers announce; fails when anything is missing. */
async function audit(): Promise<number> {
  const config = readLoggerConfig(loadEnvironment());
  const announcements = await collectAnnouncements(config);
  using reader = openReader(config.file);
  if (reader === null) {
    throw new Fault(`there is no store at ${config.file}`, {
      remedy: "Name it in DB_FILE, or start the suite first.",
      exitCode: EXIT_CODES.unavailable,
    });
  }
  const { lines: ledger, unsequenced } = reader.ledger();
  const lines = reconcile(announcements, ledger);
  process.stdout.write(renderAudit(lines, unsequenced));
  return lines.some(({ missing }) => count(missing) > 0) ? EXIT_CODES.fault : EXIT_CODES.ok;
}

/** What the broker keeps of every publisher. A message of our own, behind them, says that all have come. */
async function collectAnnouncements(config: LoggerConfig): Promise<Map<string, Announcement>> {
  const announcements = new Map<string, Announcement>();
  const complete = Promise.withResolvers<void>();
  const sentinel = `weir/audit/${randomUUID()}`;
  await using link = createLink({
    broker: config.broker,
    clientId: `weir-audit-${randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: [
      { filter: `${ANNOUNCED}+`, qos: 1 },
      { filter: sentinel, qos: 1 },
    ],
    onMessage: ({ topic, payload }) => {
      if (topic === sentinel) return complete.resolve();
      const publisher = topic.slice(ANNOUNCED.length);
      const announcement = parseAnnouncement(payload);
      if (announcement !== null && isName(publisher)) announcements.set(publisher, announcement);
    },
    onConnected: () => {
      link.publish(sentinel, "", { qos: 1 }).catch(complete.reject);
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
