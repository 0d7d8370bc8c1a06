import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openReader, type StoreReader } from "@weir/store";
import {
  createTestContext,
  eventually,
  type TemporaryFolder,
  type TestContext,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { type LoggerConfig, readLoggerConfig } from "../src/config.ts";
import { startLogger } from "../src/logger.ts";

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

/** The payload of a reading made now. */
export function readingOf(number: number): string {
  return JSON.stringify({ number, epochtime: String(Math.floor(Date.now() / 1_000)) });
}

/** The values in a store, in order, once there are `count` rows. */
export async function storedValues(file: string, count: number): Promise<number[]> {
  using reader = await eventually<StoreReader | null>(() => openReader(file));
  await eventually(() => reader.state().lastId >= count);
  return reader.readAfter(0, 100_000).readings.map(({ value }) => value);
}

/** One row of a segmented stream, as `explained` shows it. */
export interface ExplainedRow {
  topic: string;
  payload: string;
  kind: string;
  reason: string;
  value: number | null;
}

/** The rows of a stream's folder, in the order of arrival, once there are `count`. */
export async function rowsIn(folder: string, count: number): Promise<ExplainedRow[]> {
  return await eventually(() => {
    const rows = segmentsIn(folder).flatMap(explainedRows);
    return rows.length >= count ? rows : null;
  });
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".db"))
    .toSorted()
    .map((name) => join(folder, name));
}

function explainedRows(file: string): ExplainedRow[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    return database
      .prepare<[], ExplainedRow>(
        "SELECT topic, payload, kind, reason, value FROM explained ORDER BY id",
      )
      .all();
  } finally {
    database.close();
  }
}
