// How many messages a second a publisher with an outbox brings to a receipt, beside the same link
// without an outbox to the broker's PUBACK. Real processes' parts: Weir's broker for npm start, its
// logger and its store on disk, all in this process's neighbours.
//
//   npm run bench:outbox

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@weir/broker";
import { systemClock } from "@weir/clock";
import { createLink, type Link } from "@weir/mqtt";
import { openOutbox } from "@weir/outbox";
import { createLogger } from "@weir/service";
import Table from "cli-table3";

const ROUNDS = 5;
const MESSAGES = 10_000;
const logger = createLogger("bench", { logLevel: "fatal", logFormat: "json" });

const reading = (number: number) => ({ number, epochtime: String(Math.floor(Date.now() / 1_000)) });
const perSecond = (startMs: number): number => MESSAGES / ((performance.now() - startMs) / 1_000);

function connect(port: number, options: Partial<Parameters<typeof createLink>[0]>): Link {
  return createLink({
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
  await using link = connect(port, { onConnected: () => connected.resolve() });
  link.start();
  await connected.promise;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: MESSAGES }, (_, number) =>
      link.publish("DATA", JSON.stringify(reading(number)), { qos: 1 }),
    ),
  );
  return perSecond(startMs);
}

async function withOutbox(port: number, file: string): Promise<number> {
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
  await using link = connect(port, {
    subscriptions: [outbox.subscription],
    onMessage: outbox.receive,
    onConnected: () => {
      outbox.connected(link);
      connected.resolve();
    },
    onDisconnected: outbox.disconnected,
  });
  link.start();
  await connected.promise;
  const startMs = performance.now();
  for (let number = 0; number < MESSAGES; number += 500) {
    const batch = Array.from({ length: 500 }, (_, index) =>
      outbox.accept("DATA", reading(number + index)),
    );
    await Promise.all(batch);
  }
  await delivered.promise;
  return perSecond(startMs);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
try {
  await using broker = await startBroker({ host: "127.0.0.1", port: 0 });
  const child = fork("services/logger/src/main.ts", {
    env: {
      ...process.env,
      BROKER: `127.0.0.1:${broker.port}`,
      DB_FILE: join(folder, "weir.db"),
      LOGGER_HTTP_PORT: "0",
      LOG_LEVEL: "warn",
    },
  });
  const plain: number[] = [];
  const outboxed: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await withoutOutbox(broker.port));
    outboxed.push(await withOutbox(broker.port, join(folder, `outbox-${round}.db`)));
  }
  const table = new Table({
    head: ["", "messages/s, median", "ratio"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [] },
  });
  table.push(
    ["to the broker's PUBACK, without an outbox", median(plain).toFixed(0), "1.00x"],
    [
      "to the receipt, with an outbox",
      median(outboxed).toFixed(0),
      `${(median(outboxed) / median(plain)).toFixed(2)}x`,
    ],
  );
  const memory = (process.memoryUsage().rss / 1024 / 1024).toFixed(0);
  process.stdout.write(
    `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, ${ROUNDS} rounds of ${MESSAGES} messages\n${table}\nThis process, publisher and broker together: ${memory} MB.\n`,
  );
  child.kill("SIGTERM");
  await once(child, "exit");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
