import { systemClock } from "@weir/clock";
import { createLink, type Link } from "@weir/mqtt";
import { openReader, type StoreReader } from "@weir/store";
import { createTestContext, eventually } from "@weir/testkit";
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

/** A connected client that publishes. */
export async function connectPublisher(port: number): Promise<Link> {
  const connected = Promise.withResolvers<void>();
  const link = createLink({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: `test-publisher-${Math.random()}`,
    session: { kind: "clean" },
    onConnected: () => connected.resolve(),
    clock: systemClock,
    logger: createTestContext().logger,
  });
  link.start();
  await connected.promise;
  return link;
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
