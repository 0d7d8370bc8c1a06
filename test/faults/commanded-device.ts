// The command handler of a device with its journal, and one command that writes down for which id it was
// executed. The harness starts and kills it; it also kills itself between two steps where that is planned.
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { CommandHandler } from "@weir/device-agent/command-handler";
import { openJournals } from "@weir/device-agent/journals";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { deviceTopics } from "@weir/protocol";
import { createLogger, listenForStopRequest, systemClock } from "@weir/runtime";
import { z } from "zod";
import { takeKill } from "./kill-point.ts";

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing; the harness sets it`);
  return value;
}

const address = { prefix: "devices", id: required("FAULTS_DEVICE") };
const executedFile = required("FAULTS_EXECUTED");
const killAfter = takeKill(required("FAULTS_KILL_POINT"));
const logger = createLogger("commanded-device", { logLevel: "info", logFormat: "json" });

function end(fault: unknown): never {
  logger.fatal({ err: fault }, "the journal has failed");
  process.exit(1);
}

const opened = new AsyncDisposableStack();
const journal = opened.use(openJournals(required("FAULTS_JOURNAL"))).of(address.id);
const handler = new CommandHandler({
  device: address,
  commands: new Map([
    [
      "execute",
      {
        name: "execute",
        summary: "Writes down that it was executed.",
        payload: z.object({ number: z.int(), takesMs: z.int() }),
        run: async (payload: unknown) => {
          // Its payload was parsed by the schema above.
          const { number, takesMs } = payload as { number: number; takesMs: number };
          await pause(takesMs);
          appendFileSync(executedFile, `${number}\n`);
          killAfter("executed");
          await pause(takesMs);
          return number;
        },
      },
    ],
  ]),
  reservedTopics: [],
  // The command does not use it.
  control: {} as never,
  journal: {
    ...journal,
    receive: (...given) => {
      const received = journal.receive(...given);
      killAfter("received");
      return received;
    },
    advance: (key, change) => {
      journal.advance(key, change);
      killAfter(change.status === "running" ? "running" : "ended");
    },
    acknowledged: (number) => {
      killAfter("acknowledged");
      journal.acknowledged(number);
      killAfter("removed");
    },
  },
  log: {
    info: (message, details = {}) => logger.info(details, message),
    warn: (message, details = {}) => logger.warn(details, message),
    error: (message, details = {}) => logger.error(details, message),
  },
  clock: systemClock,
  onFault: end,
});
const client: ReconnectingClient = createReconnectingClient({
  broker: { url: `mqtt://${required("BROKER")}`, username: null, password: null },
  clientId: address.id,
  session: { kind: "persistent", expirySeconds: 3_600 },
  subscriptions: [handler.subscription],
  availability: { topic: deviceTopics(address).availability },
  onMessage: (message) => void handler.receive(message),
  onConnected: () => handler.connected(client),
  onDisconnected: () => handler.disconnected(),
  clock: systemClock,
  logger,
});
opened.use(client);
opened.use(handler);
handler.start();
client.start();
await listenForStopRequest();
await opened.disposeAsync();
// The harness's channel would hold it open.
process.exit();
