// A publisher with an outbox that keeps its own journal. The harness starts, kills and stops it.
import { openOutbox } from "@weir/delivery";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { createLogger, systemClock } from "@weir/runtime";
import { pointOf, readingOf } from "./numbered-points.ts";
import { startCreator } from "./numbered-readings.ts";

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing; the harness sets it`);
  return value;
}

const publisher = required("FAULTS_PUBLISHER");
const logger = createLogger("journalled-publisher", { logLevel: "info", logFormat: "json" });

function end(fault: unknown): never {
  logger.fatal({ err: fault }, "the outbox has failed");
  process.exit(1);
}

const outbox = openOutbox({
  file: required("FAULTS_OUTBOX"),
  publisher,
  onFault: end,
  clock: systemClock,
});
const client: ReconnectingClient = createReconnectingClient({
  broker: { url: `mqtt://${required("BROKER")}`, username: null, password: null },
  clientId: publisher,
  session: { kind: "clean" },
  subscriptions: [outbox.subscription],
  onMessage: outbox.receive,
  onConnected: () => outbox.connected(client),
  onDisconnected: outbox.disconnected,
  clock: systemClock,
  logger,
});
const pointsSinceMs = process.env.FAULTS_POINTS_SINCE_MS;
const creator = startCreator({
  ...(pointsSinceMs !== undefined && {
    readingOf: (number) => readingOf(pointOf(number, Number(pointsSinceMs))),
  }),
  outbox,
  journalFile: required("FAULTS_JOURNAL"),
  rate: Number(required("FAULTS_RATE")),
  onFault: (err) => logger.error({ err }, "not accepted"),
});

process.on("message", (message) => {
  if (message === "create no more") creator.stop();
});
process.on("disconnect", () => process.exit());
client.start();
