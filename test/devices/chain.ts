import { writeFileSync } from "node:fs";
import { readAgentConfig } from "@weir/device-agent/config";
import { startDeviceAgent } from "@weir/device-agent/device-agent";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { readRange, type StoredMessage } from "@weir/store";
import {
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  type TemporaryFolder,
  type TestContext,
} from "@weir/testkit";

/** Two cores that other tests share. */
const LISTENS_WITHIN_MS = 30_000;

/** What stands in an agent.yaml. */
export type AgentFile = Record<string, unknown>;

/** A device agent that runs, and what it was given. */
export interface RunningAgent extends AsyncDisposable {
  context: TestContext;
}

/** Starts a device agent as its main file does, with an agent.yaml of these contents. */
export async function startAgentAt(
  port: number,
  folder: TemporaryFolder,
  content: AgentFile,
): Promise<RunningAgent> {
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

/** Starts a logger that keeps the stream `devices` in this folder; resolves when it listens. */
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
  // What is sent with QoS 0 before it has subscribed is nobody's.
  await eventually(() => context.health.report().ready, LISTENS_WITHIN_MS);
  return logger;
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
