import { openReader, type StoreReader } from "@weir/store";
import { eventually } from "@weir/testkit";
import { type LoggerConfig, readLoggerConfig } from "../src/config.ts";

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
