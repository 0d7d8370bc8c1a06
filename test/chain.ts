// The parts of a chain from a device or publisher to the store, each as an application starts it.
import { writeFileSync } from "node:fs";
import { type MessageOutcome, type Outbox, type OutboxOptions, openOutbox } from "@weir/delivery";
import { startDeviceAgent } from "@weir/device-agent";
import { readAgentConfig } from "@weir/device-agent/config";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, systemClock } from "@weir/runtime";
import { openReader, readRange, type StoredMessage } from "@weir/store";
import {
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  type TemporaryFolder,
  type TestContext,
} from "@weir/testkit";

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

/**
 * Starts a logger with its streams in this folder; resolves when it has subscribed: a broker keeps nothing
 * for a session that it does not know yet.
 */
export async function startLoggerAt(
  port: number,
  folder: TemporaryFolder,
): Promise<AsyncDisposable> {
  const config = readLoggerConfig({
    BROKER: `127.0.0.1:${port}`,
    DB_FILE: folder.file("weir.db"),
    LOGGER_SYNCHRONOUS: "NORMAL",
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  const context = createTestContext();
  const logger = await startLogger(config, context);
  await eventually(() => context.health.report().ready);
  return logger;
}

/** Starts a device agent as its main file does, with an agent.yaml of these contents. */
export async function startAgentAt(
  port: number,
  folder: TemporaryFolder,
  content: Record<string, unknown>,
): Promise<AsyncDisposable & { context: TestContext }> {
  const file = folder.file("agent.yaml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ homeAssistant: false, ...content }));
  const context = createTestContext();
  const config = readAgentConfig({
    BROKER: `127.0.0.1:${port}`,
    AGENT_FILE: file,
    DEVICE_FOLDER: folder.file("device"),
  });
  const agent = await startDeviceAgent(config, context);
  return { context, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

/** The values in the store, in the order of their rows. */
export function storedValues(folder: TemporaryFolder): number[] {
  using reader = openReader(folder.file("weir.db"));
  return reader?.readAfter(0, 1_000_000).readings.map(({ value }) => value) ?? [];
}

/** What the stream `devices` has of topics that match a filter, in the order of arrival. */
export async function storedMessages(
  folder: TemporaryFolder,
  filter: string,
): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  const place = { kind: "folder", folder: folder.file("devices") } as const;
  for await (const page of readRange(place, { filters: [filter] })) messages.push(...page.messages);
  return messages;
}
