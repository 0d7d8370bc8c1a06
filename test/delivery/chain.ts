import { type MessageOutcome, type Outbox, type OutboxOptions, openOutbox } from "@weir/delivery";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, systemClock } from "@weir/runtime";
import { openReader } from "@weir/store";
import { createTestContext, eventually, NOTHING_CONFIGURED } from "@weir/testkit";

/** Two cores that other tests share. */
const LISTENS_WITHIN_MS = 30_000;

/** A publisher with an outbox, as an application has it. */
export interface Publisher extends AsyncDisposable {
  outbox: Outbox;
  outcomes: MessageOutcome[];
  faults: unknown[];
}

export function startPublisherAt(
  port: number,
  file: string,
  options: Partial<OutboxOptions> = {},
): Publisher {
  const clock: Clock = options.clock ?? systemClock;
  const outcomes: MessageOutcome[] = [];
  const faults: unknown[] = [];
  const outbox = openOutbox({
    file,
    publisher: "kitchen",
    onOutcome: (outcome) => outcomes.push(outcome),
    onFault: (fault) => faults.push(fault),
    clock,
    ...options,
  });
  const client: ReconnectingClient = createReconnectingClient({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: `kitchen-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: [outbox.subscription],
    onMessage: outbox.receive,
    onConnected: () => outbox.connected(client),
    onDisconnected: outbox.disconnected,
    clock: systemClock,
    logger: createTestContext().logger,
  });
  client.start();
  return {
    outbox,
    outcomes,
    faults,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when it listens: a broker in memory keeps nothing for a session that it does not know yet. */
export async function startLoggerAt(port: number, file: string): Promise<AsyncDisposable> {
  const config = readLoggerConfig({
    BROKER: `127.0.0.1:${port}`,
    DB_FILE: file,
    LOGGER_SYNCHRONOUS: "NORMAL",
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  const context = createTestContext();
  const logger = await startLogger(config, context);
  await eventually(() => context.health.report().ready, LISTENS_WITHIN_MS);
  return logger;
}

/** The values in the store, in the order of their rows. */
export function storedValues(file: string): number[] {
  using reader = openReader(file);
  return reader?.readAfter(0, 1_000_000).readings.map(({ value }) => value) ?? [];
}
