import { randomUUID } from "node:crypto";
import { type Command, type CommandAck, type CommandStatus, endsCommand } from "@weir/protocol";
import {
  type DatabaseFormat,
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  lockFile,
  makePlaceOf,
  newerFormat,
  orOpeningFault,
} from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";

/** Where a response goes besides the ack topic: MQTT 5's response topic and correlation data. */
export interface ResponseAddress {
  topic: string;
  correlation: Buffer | null;
}

/** A command in the journal. */
export interface JournalEntry {
  /** The id of the command, or one that the journal assigned. */
  key: string;
  command: Command;
  response: ResponseAddress | null;
  status: CommandStatus;
}

/** An ack that the broker does not have yet. */
export interface PendingAck {
  /** Rises. */
  number: number;
  ack: CommandAck;
  response: ResponseAddress | null;
}

/** The limits of a journal's file. */
const LIMITS = {
  /** Ended commands whose ids are kept. The one issued first is forgotten first. */
  endedMax: 10_000,
  /** Acks that the broker does not have. Above it, acks of rejected commands are dropped and no command is accepted. */
  acksMax: 10_000,
};
/** Names the folder in messages about the file. */
const SETTING = "DEVICE_FOLDER";

/** The journal of one device: {@link openJournals}. */
export type Journal = ReturnType<ReturnType<typeof openJournals>["of"]>;

/**
 * Opens the journals of some devices, which share one file; creates it if it is missing. A journal records
 * the course of each command: a step is committed before it is taken, each status together with its ack.
 *
 * @throws Fault when another process has the file open, it cannot be written, or it is damaged.
 */
export function openJournals(file: string, limits: Partial<typeof LIMITS> = {}) {
  const { endedMax, acksMax } = { ...LIMITS, ...limits };
  using opening = new DisposableStack();
  makePlaceOf(file, SETTING);
  opening.use(
    orOpeningFault(file, SETTING, () =>
      lockFile(file, {
        message: `another process has the journal ${file} open`,
        remedy: "Stop it, or give each device agent its own folder (DEVICE_FOLDER, or --folder).",
      }),
    ),
  );
  const database = opening.adopt(
    orOpeningFault(file, SETTING, () => new Sqlite(file)),
    (opened) => opened.close(),
  );
  const read = <T>(task: () => T): T => orJournalFault(file, task);
  const statements = read(() => {
    prepareFile(database, file);
    return prepareStatements(database);
  });

  const transaction = database.transaction((task: () => unknown) => task());
  /** One transaction: when it returns, all of it is on disk; when it throws, nothing is. */
  const step = <T>(task: () => T): T => read(() => transaction.immediate(task) as T);

  function keepAck(device: string, ack: CommandAck, response: ResponseAddress | null): void {
    const { topic = null, correlation = null } = response ?? {};
    statements.insertAck.run(device, JSON.stringify(ack), topic, correlation);
  }

  /** Forgets by the time of issue, so that a made-up time far ahead does not move the horizon. */
  function forgetSurplus(): void {
    const surplus = (statements.countEnded.get() ?? 0) - endedMax;
    if (surplus <= 0) return;
    for (const { device, knownMs } of statements.forget.all(surplus)) {
      statements.raiseHorizon.run(device, knownMs);
    }
  }

  const isFull = (): boolean => (statements.countAcks.get() ?? 0) >= acksMax;

  function acknowledged(number: number): void {
    // Not worth an fsync: after a power cut the ack is only sent twice.
    database.pragma("synchronous = NORMAL");
    try {
      statements.removeAck.run(number);
    } finally {
      database.pragma("synchronous = FULL");
    }
  }

  const of = (device: string) => ({
    /** The status of the command with this id; `null` for an unknown one. */
    statusOf: (id: string): CommandStatus | null =>
      read(() => statements.statusOf.get(device, id) ?? null),
    /** Records a command as `received`, with its ack; or returns the status of the first one with this id. */
    receive: (command: Command, response: ResponseAddress | null, atMs: number) =>
      step(() => {
        const { id, name, issuedAtMs } = command;
        // An id cannot contain #, so the key of a command without an id never equals one.
        const key = id ?? `#${randomUUID()}`;
        const known = statements.statusOf.get(device, key);
        if (known !== undefined) return { kind: "known", status: known } as const;
        const { topic = null, correlation = null } = response ?? {};
        const json = JSON.stringify(command);
        statements.insert.run(device, key, issuedAtMs ?? atMs, json, topic, correlation);
        keepAck(device, { id, name, status: "received", at: atMs }, response);
        const entry: JournalEntry = { key, command, response, status: "received" };
        return { kind: "received", entry } as const;
      }),
    /** Sets the status of an open entry, and keeps its ack. */
    advance: (key: string, { status, atMs, ...details }: StatusChange): void =>
      step(() => {
        const row = statements.openOne.get(device, key);
        if (row === undefined) throw new Error(`${device} has no open command ${key}`);
        const { command, response } = entryOf(row);
        const { id, name } = command;
        keepAck(device, { id, name, status, at: atMs, ...details }, response);
        if (!endsCommand(status)) statements.setStatus.run(status, device, key);
        else if (id === null) statements.remove.run(device, key);
        else {
          statements.end.run(status, device, key);
          forgetSurplus();
        }
      }),
    /** Keeps an ack that belongs to no entry: a command was rejected. False when the journal is full. */
    answer: (ack: CommandAck, response: ResponseAddress | null): boolean =>
      step(() => {
        if (isFull()) return false;
        keepAck(device, ack, response);
        return true;
      }),
    /** Whether so many acks wait that no further command may be accepted. */
    isFull: (): boolean => read(isFull),
    /** Entries that have not ended, in the order of arrival. */
    open: (): JournalEntry[] => read(() => statements.open.all(device).map(entryOf)),
    /** The oldest acks that the broker does not have and whose number is greater than `after`, at most `limit`. */
    pendingAcks: (after: number, limit: number): PendingAck[] =>
      read(() =>
        statements.acks.all(device, after, limit).map((row) => ({
          number: row.number,
          ack: JSON.parse(row.ack) as CommandAck,
          response: responseOf(row),
        })),
      ),
    /** The broker has this ack. */
    acknowledged: (number: number): void => read(() => acknowledged(number)),
    /** Commands issued before this time may have been forgotten; `null` while none was. Epoch milliseconds. */
    horizonMs: (): number | null => {
      const knownMs = read(() => statements.horizon.get(device));
      return knownMs === undefined ? null : knownMs + 1;
    },
  });

  const opened = opening.move();
  return { of, [Symbol.dispose]: () => opened.dispose() };
}

interface StatusChange {
  status: CommandStatus;
  atMs: number;
  result?: unknown;
  error?: string;
}

interface ResponseColumns {
  responseTopic: string | null;
  correlation: Buffer | null;
}

/** A command that has not ended; `command` is JSON. */
interface EntryRow extends ResponseColumns {
  key: string;
  status: CommandStatus;
  command: string;
}

interface AckRow extends ResponseColumns {
  number: number;
  ack: string;
}

function entryOf(row: EntryRow): JournalEntry {
  const { key, status } = row;
  return { key, status, command: JSON.parse(row.command) as Command, response: responseOf(row) };
}

function responseOf({ responseTopic, correlation }: ResponseColumns): ResponseAddress | null {
  return responseTopic === null ? null : { topic: responseTopic, correlation };
}

/** "WJRN" in the header of the file. */
const APPLICATION_ID = 0x574a524e;
const SCHEMA_VERSION = 1;

/** How the file of journals is recognised. */
export const JOURNAL_FORMAT: DatabaseFormat = {
  applicationId: APPLICATION_ID,
  version: SCHEMA_VERSION,
};

/** "Open" and "ended" in SQL. SQLite uses the partial indices only for exactly these words. */
const IS_OPEN = "status IN ('received', 'running')";
const HAS_ENDED = "status NOT IN ('received', 'running')";

/**
 * - `commands`: accepted commands in the order of arrival. An ended one keeps only key and status, so that
 *   a repetition is recognised; without an id it is removed. `known_ms` is the time of issue where the
 *   command says so, else the time of arrival.
 * - `acks`: acks that the broker does not have yet.
 * - `horizons`: per device, the newest `known_ms` that was forgotten.
 */
const VERSION_1 = `
CREATE TABLE commands (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  key TEXT NOT NULL,
  known_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  command TEXT,
  response_topic TEXT,
  correlation BLOB,
  UNIQUE (device, key)
) STRICT;

CREATE INDEX ended_by_age ON commands (known_ms, number) WHERE ${HAS_ENDED};
CREATE INDEX open_by_device ON commands (device, number) WHERE ${IS_OPEN};

CREATE TABLE acks (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  ack TEXT NOT NULL,
  response_topic TEXT,
  correlation BLOB
) STRICT;

CREATE INDEX acks_by_device ON acks (device, number);

CREATE TABLE horizons (
  device TEXT PRIMARY KEY,
  known_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

function prepareFile(database: Database, file: string): void {
  const found = database.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw damaged(file, String(found));
  database.transaction(() => migrate(database, file)).immediate();
  // After all checks: a foreign file keeps its journal mode.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
}

/** @throws Fault for a file with other contents: it is not changed. */
function migrate(database: Database, file: string): void {
  const application = database.pragma("application_id", { simple: true });
  const version = Number(database.pragma("user_version", { simple: true }));
  if (application === APPLICATION_ID && version === SCHEMA_VERSION) return;
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (application === APPLICATION_ID && version > SCHEMA_VERSION) {
    throw newerFormat(file, version, SCHEMA_VERSION);
  }
  if (tables !== 0) throw foreignFault(file);
  database.exec(VERSION_1);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma(`user_version = ${SCHEMA_VERSION}`);
}

function foreignFault(file: string): Fault {
  return new Fault(`${file} is a database, but no journal of commands`, {
    remedy: "Move it away, or give this device another folder (DEVICE_FOLDER).",
    exitCode: EXIT_CODES.configuration,
  });
}

type Address = [responseTopic: string | null, correlation: Buffer | null];

function prepareStatements(database: Database) {
  const columns = "key, status, command, response_topic AS responseTopic, correlation";
  return {
    statusOf: database
      .prepare<[device: string, key: string], CommandStatus>(
        "SELECT status FROM commands WHERE device = ? AND key = ?",
      )
      .pluck(),
    insert: database.prepare<
      [device: string, key: string, knownMs: number, command: string, ...Address]
    >(
      `INSERT INTO commands (device, key, known_ms, status, command, response_topic, correlation)
       VALUES (?, ?, ?, 'received', ?, ?, ?)`,
    ),
    openOne: database.prepare<[device: string, key: string], EntryRow>(
      `SELECT ${columns} FROM commands WHERE device = ? AND key = ? AND ${IS_OPEN}`,
    ),
    open: database.prepare<[device: string], EntryRow>(
      `SELECT ${columns} FROM commands WHERE device = ? AND ${IS_OPEN} ORDER BY number`,
    ),
    setStatus: database.prepare<[status: CommandStatus, device: string, key: string]>(
      "UPDATE commands SET status = ? WHERE device = ? AND key = ?",
    ),
    end: database.prepare<[status: CommandStatus, device: string, key: string]>(
      `UPDATE commands SET status = ?, command = NULL, response_topic = NULL, correlation = NULL
       WHERE device = ? AND key = ?`,
    ),
    remove: database.prepare<[device: string, key: string]>(
      "DELETE FROM commands WHERE device = ? AND key = ?",
    ),
    countEnded: database
      .prepare<[], number>(`SELECT count(*) FROM commands WHERE ${HAS_ENDED}`)
      .pluck(),
    forget: database.prepare<[count: number], { device: string; knownMs: number }>(
      `DELETE FROM commands WHERE number IN
         (SELECT number FROM commands WHERE ${HAS_ENDED} ORDER BY known_ms, number LIMIT +?)
       RETURNING device, known_ms AS knownMs`,
    ),
    raiseHorizon: database.prepare<[device: string, knownMs: number]>(
      `INSERT INTO horizons (device, known_ms) VALUES (?, ?)
       ON CONFLICT (device) DO UPDATE SET known_ms = max(known_ms, excluded.known_ms)`,
    ),
    horizon: database
      .prepare<[device: string], number>("SELECT known_ms FROM horizons WHERE device = ?")
      .pluck(),
    insertAck: database.prepare<[device: string, ack: string, ...Address]>(
      "INSERT INTO acks (device, ack, response_topic, correlation) VALUES (?, ?, ?, ?)",
    ),
    countAcks: database.prepare<[], number>("SELECT count(*) FROM acks").pluck(),
    acks: database.prepare<[device: string, after: number, limit: number], AckRow>(
      `SELECT number, ack, response_topic AS responseTopic, correlation FROM acks
       WHERE device = +? AND number > ? ORDER BY number LIMIT +?`,
    ),
    removeAck: database.prepare<[number: number]>("DELETE FROM acks WHERE number = ?"),
  };
}

/** Turns an error of SQLite into a fault that says what to do. */
function orJournalFault<T>(file: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(cause) ?? "")) {
      throw damaged(file, errorMessage(cause), cause);
    }
    throw new Fault(`the journal ${file} cannot be written: ${errorMessage(cause)}`, {
      remedy:
        "Free space on its disk and check that this user may write there. No command was executed meanwhile; the broker sends them again.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

function damaged(file: string, found: string, cause?: unknown): Fault {
  return new Fault(`the journal ${file} is damaged: ${found}`, {
    remedy: `Move it away (with ${file}-wal and ${file}-shm, if they exist) and start again with an empty one. Its contents are lost: commands that had not begun, acks that were not sent, and which ids were executed, so do not send those again.`,
    exitCode: EXIT_CODES.fault,
    cause,
  });
}
