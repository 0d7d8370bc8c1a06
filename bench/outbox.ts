// How many messages a second a publisher with an outbox brings to a receipt, beside the same client
// without an outbox to the broker's PUBACK. The broker of npm start and the logger, with its store on
// disk, are processes beside this one; each
// round is a process of its own, whose memory is the publisher's alone.
//
//   npm run bench:outbox
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openOutbox } from "@weir/delivery";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { createLogger, print, systemClock } from "@weir/runtime";
import { freePort } from "@weir/testkit";
import Table from "cli-table3";

const ROUNDS = 5;
const MESSAGES = 10_000;
const BATCH = 100;
const PACED_PER_SECOND = 5_000;
const logger = createLogger("bench", { logLevel: "fatal", logFormat: "json" });

const reading = (number: number) => ({ number, epochtime: String(Math.floor(Date.now() / 1_000)) });
const perSecond = (startMs: number): number => MESSAGES / ((performance.now() - startMs) / 1_000);

function connect(
  port: number,
  options: Partial<Parameters<typeof createReconnectingClient>[0]>,
): ReconnectingClient {
  return createReconnectingClient({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: `bench-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    clock: systemClock,
    logger,
    ...options,
  });
}

async function withoutOutbox(port: number): Promise<number> {
  const connected = Promise.withResolvers<void>();
  await using client = connect(port, { onConnected: () => connected.resolve() });
  client.start();
  await connected.promise;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: MESSAGES }, (_, number) =>
      client.publish("DATA", JSON.stringify(reading(number)), { qos: 1 }),
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
  await using client = connect(port, {
    subscriptions: [outbox.subscription],
    onMessage: outbox.receive,
    onConnected: () => {
      outbox.connected(client);
      connected.resolve();
    },
    onDisconnected: outbox.disconnected,
  });
  client.start();
  await connected.promise;
  const startMs = performance.now();
  for (let number = 0; number < MESSAGES; number += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, index) =>
      outbox.accept("DATA", reading(number + index)),
    );
    await Promise.all(batch);
    const dueMs = startMs + ((number + BATCH) / perSecondMax) * 1_000;
    await pause(Math.max(0, dueMs - performance.now()));
  }
  await delivered.promise;
  return perSecond(startMs);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Starts a program of the suite beside this one. */
function start(program: string, environment: Record<string, string>): ChildProcess {
  return fork(program, {
    env: { ...process.env, LOG_LEVEL: "warn", LOGGER_HTTP_PORT: "0", ...environment },
  });
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** One round in a process of its own, so that its memory is nobody else's. */
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
    execArgv: ["--max-semi-space-size=8"],
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

async function compare(folder: string): Promise<void> {
  const port = await freePort();
  const broker = start("standalone/src/broker-main.ts", { BROKER_PORT: String(port) });
  const store = { BROKER: `127.0.0.1:${port}`, DB_FILE: join(folder, "weir.db") };
  const storing = start("services/logger/src/main.ts", store);

  const rounds: Record<Mode, Round[]> = { plain: [], outbox: [], paced: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const mode of ["plain", "outbox", "paced"] as const) {
      rounds[mode].push(await runRound(mode, port, join(folder, `${mode}-${round}.db`)));
    }
  }
  const table = new Table({
    head: ["", "messages/s, median", "ratio", "memory at most"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const rateOf = (mode: Mode) => median(rounds[mode].map((round) => round.messagesPerSecond));
  const row = (name: string, mode: Mode) => [
    name,
    rateOf(mode).toFixed(0),
    `${(rateOf(mode) / rateOf("plain")).toFixed(2)}x`,
    `${Math.max(...rounds[mode].map(({ megabytesMax }) => megabytesMax)).toFixed(0)} MB`,
  ];
  table.push(
    row("to the PUBACK, without an outbox", "plain"),
    row("to the receipt, as fast as it goes", "outbox"),
    row(`to the receipt, at ${PACED_PER_SECOND} messages/s`, "paced"),
  );
  print(
    `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, ${ROUNDS} rounds of ${MESSAGES} messages\n${table}\n`,
  );
  await stop(storing);
  await stop(broker);
}

const [mode, port, file] = process.argv.slice(2);
// Only `runRound` gives arguments.
if (mode !== undefined && port !== undefined && file !== undefined) {
  await measureRound(mode as Mode, Number(port), file);
} else {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  try {
    await compare(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
