// How many messages a second a publisher with an outbox brings to a receipt, beside the same client
// without an outbox to the broker's PUBACK. The broker of npm start and the logger, with its store on
// disk, are separate processes; so is each round, so that its memory is only the publisher's.
//
//   npm run bench:outbox
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { openOutbox } from "@weir/delivery";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createTestContext,
  freePort,
  readingNow,
  temporaryFolder,
} from "@weir/testkit";
import { createTable, median, printResults } from "./output.ts";
import { startProgram } from "./process.ts";

const ROUNDS = 5;
const MESSAGES = 10_000;
const BATCH = 100;
const PACED_PER_SECOND = 5_000;

const perSecond = (startMs: number): number => MESSAGES / ((performance.now() - startMs) / 1_000);

async function withoutOutbox(port: number): Promise<number> {
  await using client = await connectTestClient(port);
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: MESSAGES }, (_, number) =>
      client.publish("DATA", JSON.stringify(readingNow(number)), { qos: 1 }),
    ),
  );
  return perSecond(startMs);
}

async function withOutbox(port: number, file: string, perSecondMax: number): Promise<number> {
  const connected = Promise.withResolvers<void>();
  const delivered = Promise.withResolvers<void>();
  let count = 0;
  await using outbox = openOutbox({
    file,
    publisher: "bench",
    onOutcome: () => {
      count += 1;
      if (count === MESSAGES) delivered.resolve();
    },
    onFault: delivered.reject,
    clock: systemClock,
  });
  await using client: ReconnectingClient = createReconnectingClient({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: `bench-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: [outbox.subscription],
    onMessage: outbox.receive,
    onConnected: () => {
      outbox.connected(client);
      connected.resolve();
    },
    onDisconnected: outbox.disconnected,
    clock: systemClock,
    logger: createTestContext().logger,
  });
  client.start();
  await connected.promise;
  const startMs = performance.now();
  for (let number = 0; number < MESSAGES; number += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, index) =>
      outbox.accept("DATA", readingNow(number + index)),
    );
    await Promise.all(batch);
    const dueMs = startMs + ((number + BATCH) / perSecondMax) * 1_000;
    await pause(Math.max(0, dueMs - performance.now()));
  }
  await delivered.promise;
  return perSecond(startMs);
}

/** What one round has measured. */
interface Round {
  messagesPerSecond: number;
  megabytesMax: number;
}

const MODES = {
  plain: (port: number) => withoutOutbox(port),
  outbox: (port: number, file: string) => withOutbox(port, file, Number.POSITIVE_INFINITY),
  paced: (port: number, file: string) => withOutbox(port, file, PACED_PER_SECOND),
};
type Mode = keyof typeof MODES;

async function runRound(mode: Mode, port: number, file: string): Promise<Round> {
  const child = fork(import.meta.filename, [mode, String(port), file], {
    execArgv: ["--max-semi-space-size=4"],
  });
  const [round] = await once(child, "message");
  await once(child, "exit");
  return round;
}

async function measureRound(mode: Mode, port: number, file: string): Promise<void> {
  const messagesPerSecond = await MODES[mode](port, file);
  const megabytesMax = process.resourceUsage().maxRSS / 1_024;
  process.send?.({ messagesPerSecond, megabytesMax }, () => process.exit());
}

async function compare(): Promise<void> {
  using folder = temporaryFolder();
  const port = await freePort();
  const environment = {
    BROKER: `127.0.0.1:${port}`,
    BROKER_PORT: String(port),
    DB_FILE: folder.file("weir.db"),
    LOG_LEVEL: "warn",
    LOGGER_HTTP_PORT: "0",
  };
  await using _broker = await startProgram(["standalone/src/broker-main.ts"], environment);
  await using _logger = await startProgram(["services/logger/src/main.ts"], environment);

  const rounds: Record<Mode, Round[]> = { plain: [], outbox: [], paced: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const mode of ["plain", "outbox", "paced"] as const) {
      rounds[mode].push(await runRound(mode, port, folder.file(`${mode}-${round}.db`)));
    }
  }
  const table = createTable("", "messages/s, median", "ratio", "memory at most");
  const rateOf = (mode: Mode) => median(rounds[mode].map((round) => round.messagesPerSecond));
  for (const [name, mode] of [
    ["to the PUBACK, without an outbox", "plain"],
    ["to the receipt, as fast as it goes", "outbox"],
    [`to the receipt, at ${PACED_PER_SECOND} messages/s`, "paced"],
  ] as const) {
    table.push([
      name,
      rateOf(mode).toFixed(0),
      `${(rateOf(mode) / rateOf("plain")).toFixed(2)}x`,
      `${Math.max(...rounds[mode].map(({ megabytesMax }) => megabytesMax)).toFixed(0)} MB`,
    ]);
  }
  printResults(`${ROUNDS} rounds of ${MESSAGES} messages`, table);
}

const [mode, port, file] = process.argv.slice(2);
// Only `runRound` gives arguments.
if (mode !== undefined && port !== undefined && file !== undefined) {
  await measureRound(mode as Mode, Number(port), file);
} else {
  await compare();
}
