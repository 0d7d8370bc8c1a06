import { fileURLToPath } from "node:url";
import {
  type ClientOptions,
  createReconnectingClient,
  type InboundMessage,
  type ReconnectingClient,
} from "@weir/mqtt";
import { decodeReading } from "@weir/protocol";
import {
  type Clock,
  ConfigurationFault,
  createLogger,
  Fault,
  Health,
  Registry,
  Routes,
  type ServiceContext,
  systemClock,
} from "@weir/runtime";
import { type FileStore, type NewRow, openStore } from "@weir/store";

/** What a service is given in a test. */
export interface TestContext extends ServiceContext {
  /** The faults that it ended with, oldest first. */
  faults: unknown[];
  /** Why it asked to be stopped, oldest first. */
  stops: string[];
}

/** A context as `runService` makes it, with a quiet log and a list of faults. */
export function createTestContext(clock: Clock = systemClock): TestContext {
  const faults: unknown[] = [];
  const stops: string[] = [];
  return {
    clock,
    logger: createLogger("test", { logLevel: "fatal", logFormat: "json" }),
    metrics: new Registry(),
    health: new Health(),
    routes: new Routes(),
    fail: (fault) => faults.push(fault),
    faults,
    stop: (reason) => stops.push(reason),
    stops,
  };
}

const { PATH, NODE_COMPILE_CACHE = "" } = process.env;

/** For a process that a test starts: no setting of the developer's, and what was compiled before. */
export const BARE_ENVIRONMENT: NodeJS.ProcessEnv = { PATH, NODE_COMPILE_CACHE };

/**
 * A weir.yaml or agent.yaml in which nothing stands. Where a test names none, that of the developer is
 * read who has one in `config/`.
 */
export const NOTHING_CONFIGURED: string = fileURLToPath(
  new URL("./nothing-configured.yaml", import.meta.url),
);

/** The problems of a configuration that a task reads, without the folders of files. */
export function problemsIn(task: () => unknown): readonly string[] {
  try {
    task();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    return error.problems.map((problem) => problem.replace(/^\/\S*\/(?=\w+\.yaml)/, ""));
  }
}

/** The fault that a task throws. @throws what else it throws, and an Error when it throws nothing. */
export function faultOf(task: () => unknown): Fault {
  try {
    task();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("it did not throw");
}

/** A connected client for a test: publishes, and keeps what it receives. */
export interface TestClient extends AsyncDisposable {
  publish: ReconnectingClient["publish"];
  /** The messages that came, oldest first. */
  received: InboundMessage[];
}

/** Connects to a broker on this machine; resolves when it is subscribed to `filter`, if one is given. */
export async function connectTestClient(
  port: number,
  filter?: string,
  options: Partial<Pick<ClientOptions, "clientId" | "session">> = {},
): Promise<TestClient> {
  const received: InboundMessage[] = [];
  const connected = Promise.withResolvers<void>();
  const client = createReconnectingClient({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: `test-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: filter === undefined ? [] : [{ filter, qos: 1 }],
    onMessage: (message) => received.push(message),
    onConnected: () => connected.resolve(),
    clock: systemClock,
    logger: createTestContext().logger,
    ...options,
  });
  client.start();
  await connected.promise;
  return {
    publish: client.publish,
    received,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** When test stores begin: 2026-01-01T00:00:00Z in microseconds. */
export const START_US = 1_767_225_600_000_000;

const SKEW_US = 60_000_000;

/** A store in a test's own folder. */
export function openTestStore(file: string, nowUs: number = START_US): FileStore {
  return openStore({
    file,
    stream: "data",
    legacyTopic: "DATA",
    synchronous: "NORMAL",
    nowUs,
    skewUs: SKEW_US,
  });
}

/** A row as the logger makes it out of a payload. */
export function rowOf(payload: string, receivedUs: number = START_US): NewRow {
  const bytes = Buffer.from(payload);
  const { outcome, ...decoded } = decodeReading(bytes, { receivedUs, skewUs: SKEW_US });
  const row = { receivedUs, topic: "DATA", payload: bytes, qos: 1, retained: false };
  return { ...row, ...decoded, outcome: outcome.code, isFiltered: false };
}

/** A reading of now, before an outbox or `JSON.stringify`. */
export function readingNow(number: number): { number: number; epochtime: string } {
  return { number, epochtime: String(Math.floor(Date.now() / 1_000)) };
}

/** A reading that was observed when it was received. */
export function readingAt(receivedUs: number, number = 1): NewRow {
  return rowOf(JSON.stringify({ number, epochtime: receivedUs / 1e6 }), receivedUs);
}

/** Turns a segment of today's format into one of format 1: the topics differ, and the views that join them. */
export const SEGMENT_FORMAT_1 = `
  DROP VIEW data;
  DROP VIEW explained;
  CREATE TABLE old (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE) STRICT;
  INSERT INTO old SELECT id, topic FROM topics;
  DROP TABLE topics;
  ALTER TABLE old RENAME TO topics;
  CREATE VIEW data (reception_timestamp, topic, payload) AS
    SELECT received_us, topics.topic, payload FROM rows JOIN topics ON topics.id = rows.topic_id;
  CREATE VIEW explained (id, topic) AS
    SELECT rows.id, topics.topic FROM rows JOIN topics ON topics.id = rows.topic_id;
  PRAGMA user_version = 1;
`;
