import { writeFileSync } from "node:fs";
import { OUTCOMES } from "@weir/protocol";
import { systemClock } from "@weir/runtime";
import {
  type FileStore,
  openReader,
  readRange,
  type StoredMessage,
  type StoreReader,
} from "@weir/store";
import { openDecoder, type StreamConfig } from "@weir/streams";
import {
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  readingNow,
  type TemporaryFolder,
  type TestContext,
} from "@weir/testkit";
import type { CodeFilter } from "../src/code-filter.ts";
import { type LoggerConfig, readLoggerConfig } from "../src/config.ts";
import { startLogger } from "../src/logger.ts";
import { Stream } from "../src/stream.ts";

/** The logger's configuration in a test: its own file, the test's broker. */
export function testConfig(options: {
  file: string;
  port: number;
  environment?: Record<string, string>;
}): LoggerConfig {
  return readLoggerConfig({
    BROKER: `127.0.0.1:${options.port}`,
    DB_FILE: options.file,
    LOGGER_SYNCHRONOUS: "NORMAL",
    WEIR_FILE: NOTHING_CONFIGURED,
    ...options.environment,
  });
}

/** The same with a weir.yaml of these contents, which may be JSON. */
export function testConfigWith(
  weirFile: object,
  { folder, port }: { folder: TemporaryFolder; port: number },
): LoggerConfig {
  const file = folder.file("weir.yaml");
  writeFileSync(file, JSON.stringify(weirFile));
  return testConfig({ file: folder.file("weir.db"), port, environment: { WEIR_FILE: file } });
}

export interface RunningLogger extends AsyncDisposable {
  context: TestContext;
  reload(config: LoggerConfig): Promise<void>;
}

/** Starts a logger and waits until it is subscribed everywhere. */
export async function startReady(config: LoggerConfig): Promise<RunningLogger> {
  return await startWithout(null, config);
}

/** Starts a logger and waits until it is subscribed everywhere but at the broker of one check. */
export async function startWithout(
  absent: string | null,
  config: LoggerConfig,
): Promise<RunningLogger> {
  const context = createTestContext();
  const logger = await startLogger(config, context);
  await eventually(() =>
    Object.entries(context.health.report().checks).every(
      ([check, state]) => check === absent || state === "ok",
    ),
  );
  return {
    context,
    reload: async (next) => await logger.reload?.(next),
    [Symbol.asyncDispose]: () => logger[Symbol.asyncDispose](),
  };
}

/** A stream over an open store: the default stream `data`, but for what is given. */
export function streamOver(
  store: FileStore,
  { filter = null, ...config }: Partial<StreamConfig> & { filter?: CodeFilter | null } = {},
): Stream {
  const [data] = readLoggerConfig({ WEIR_FILE: NOTHING_CONFIGURED }).streams.streams;
  const decode = openDecoder({ kind: "reading" }, () => {});
  return new Stream({
    config: { ...(data as StreamConfig), ...config },
    decode,
    filter,
    store,
    clock: systemClock,
    skewUs: 0,
  });
}

/** The payload of a reading made now. */
export function readingOf(number: number): string {
  return JSON.stringify(readingNow(number));
}

/** The values in a store, in order, once there are `count` rows. */
export async function storedValues(file: string, count: number): Promise<number[]> {
  using reader = await eventually<StoreReader | null>(() => openReader(file));
  await eventually(() => reader.state().lastId >= count);
  return reader.readAfter(0, 100_000).readings.map(({ value }) => value);
}

/** One row of a segmented stream, in words. */
export interface ExplainedRow {
  topic: string;
  payload: string;
  kind: string;
  reason: string;
  value: number | null;
}

/** The rows of a stream's folder, in the order of arrival, once there are `count`. */
export async function rowsIn(folder: string, count: number): Promise<ExplainedRow[]> {
  return await eventually(async () => {
    const rows: ExplainedRow[] = [];
    for await (const { messages } of readRange({ kind: "folder", folder })) {
      rows.push(...messages.map(explain));
    }
    return rows.length >= count ? rows : null;
  });
}

function explain({ topic, payload, outcome, value }: StoredMessage): ExplainedRow {
  const found = OUTCOMES.find(({ code }) => code === outcome);
  const { kind, reason } = found ?? { kind: "unknown", reason: `code ${outcome}` };
  return { topic, payload: payload.toString(), kind, reason, value };
}
