import type { BrokerLink, InboundMessage } from "@weir/mqtt";
import {
  BROKER_LOG_TOPIC,
  clientNamesOf,
  type LoggedConnection,
  nameInClientId,
  parseBrokerLog,
} from "@weir/protocol";
import type { ServiceContext } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import type { ConnectionEvent } from "../contract/devices.ts";

const KEPT_MS = 30 * 86_400_000;
const ROWS_MAX = 100_000;
/** Of one client: one that comes and goes all the time leaves room for the others. */
const CLIENT_ROWS_MAX = 1_000;
/** What waits to be written; beyond it events are left out, and counted in the log. */
const WAITING_MAX = 10_000;
const WRITE_EVERY_MS = 1_000;

/** Clients whose last end is remembered. */
const ENDED_MAX = 10_000;

interface Entry extends Omit<LoggedConnection, "isTakenOver"> {
  atMs: number;
  name: string;
}

/** Beginnings and ends of connections with their reasons, out of the broker's log. They survive a restart. */
export class ConnectionLog implements Disposable {
  readonly #context: Pick<ServiceContext, "clock" | "logger">;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #write: (entries: readonly Entry[]) => void;
  readonly #listeners = new Set<(entry: Entry) => void>();
  /** The address that each client had when it went last. */
  readonly #ended = new Map<string, string>();
  #waiting: Entry[] = [];
  #leftOut = 0;
  #writing: Disposable | null = null;
  #isClosed = false;

  /** @param database the dashboard's file; it is closed after this. */
  constructor(
    link: BrokerLink,
    database: Database,
    context: Pick<ServiceContext, "clock" | "logger">,
  ) {
    this.#context = context;
    this.#statements = prepare(database);
    this.#write = database.transaction((entries) => this.#insert(entries));
    link.listen(BROKER_LOG_TOPIC, (message) => this.#take(message));
  }

  /** The newest events of a device's connections, the newest first; empty where the broker does not log them. */
  ofDevice(deviceId: string, limit: number): ConnectionEvent[] {
    this.#flush();
    const names = JSON.stringify(clientNamesOf(deviceId));
    return this.#ifReadable(() => this.#statements.newest.all({ names, limit })) ?? [];
  }

  /** Calls back with each event of a device's connections until it is disposed of. */
  follow(deviceId: string, take: (event: ConnectionEvent) => void): Disposable {
    const names = clientNamesOf(deviceId);
    const listener = (entry: Entry): void => {
      const { name, ...event } = entry;
      if (names.includes(name)) take(event);
    };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#flush();
  }

  #take({ payload, retained }: InboundMessage): void {
    const logged = retained || this.#isClosed ? null : parseBrokerLog(payload);
    if (logged === null || this.#hasEnded(logged)) return;
    const { isTakenOver: _, ...event } = logged;
    const name = nameInClientId(event.clientId);
    const entry = { ...event, atMs: this.#context.clock.now(), name };
    if (this.#waiting.length === WAITING_MAX) this.#leftOut += 1;
    else this.#waiting.push(entry);
    this.#writing ??= this.#context.clock.schedule(WRITE_EVERY_MS, () => this.#flush());
    for (const listener of this.#listeners) listener(entry);
  }

  /** Whether it is the end of a connection that has ended before. Notes an end. */
  #hasEnded({ event, clientId, address, isTakenOver }: LoggedConnection): boolean {
    const endedAt = isTakenOver ? (this.#ended.get(clientId) ?? this.#keptEnd(clientId)) : null;
    this.#ended.delete(clientId);
    if (event === "disconnected" && address !== null) this.#ended.set(clientId, address);
    const [oldest = ""] = this.#ended.size > ENDED_MAX ? this.#ended.keys() : [];
    this.#ended.delete(oldest);
    return isTakenOver && endedAt === address;
  }

  /** The address of a client that went before the dashboard was started. */
  #keptEnd(clientId: string): string | null {
    const { last } = this.#statements;
    const { event, address } =
      this.#ifReadable(() => last.get(nameInClientId(clientId), clientId)) ?? {};
    return event === "disconnected" ? (address ?? null) : null;
  }

  /** Without the log the rest goes on. */
  #ifReadable<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      this.#context.logger.warn({ err: error }, "the log of connections cannot be read");
      return null;
    }
  }

  #flush(): void {
    this.#writing?.[Symbol.dispose]();
    this.#writing = null;
    if (this.#waiting.length === 0) return;
    const { logger } = this.#context;
    try {
      this.#write(this.#waiting);
    } catch (error) {
      logger.warn({ err: error }, `${this.#waiting.length} events of connections were not kept`);
    }
    if (this.#leftOut > 0) {
      logger.warn({ leftOut: this.#leftOut }, "more clients came and went than can be kept");
    }
    this.#waiting = [];
    this.#leftOut = 0;
  }

  #insert(entries: readonly Entry[]): void {
    const { insert, trimClient, trim } = this.#statements;
    for (const entry of entries) insert.run(entry);
    for (const name of new Set(entries.map((entry) => entry.name))) {
      trimClient.run(name, name, CLIENT_ROWS_MAX);
    }
    trim.run(this.#context.clock.now() - KEPT_MS, ROWS_MAX);
  }
}

function prepare(database: Database) {
  return {
    insert: database.prepare(`
INSERT INTO connections (at_ms, event, reason, session, client_id, name, address)
VALUES (@atMs, @event, @reason, @session, @clientId, @name, @address)`),
    newest: database.prepare<object, ConnectionEvent>(`
SELECT at_ms AS atMs, event, reason, session, client_id AS clientId, address FROM connections
WHERE name IN (SELECT value FROM json_each(@names))
ORDER BY id DESC LIMIT +@limit`),
    last: database.prepare<[string, string], Pick<ConnectionEvent, "event" | "address">>(`
SELECT event, address FROM connections WHERE name = +? AND client_id = +? ORDER BY id DESC LIMIT 1`),
    trimClient: database.prepare(`
DELETE FROM connections WHERE name = ? AND id <=
  (SELECT id FROM connections WHERE name = +? ORDER BY id DESC LIMIT 1 OFFSET ?)`),
    trim: database.prepare(`
DELETE FROM connections WHERE id <= max(
  coalesce((SELECT id FROM connections WHERE at_ms >= ? ORDER BY id LIMIT 1) - 1, 0),
  (SELECT max(id) FROM connections) - ?)`),
  };
}
