import type { Command, CommandAck, CommandStatus } from "@weir/protocol";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";
import type { Database, Statement } from "better-sqlite3";

/** "WJRN" in the header of the file. */
const APPLICATION_ID = 0x574a524e;
const SCHEMA_VERSION = 1;

/** What "open" and "ended" are in SQL; the indices hold for exactly these words. */
const IS_OPEN = "status IN ('received', 'running')";
const HAS_ENDED = "status NOT IN ('received', 'running')";

/**
 * - `commands`: what was taken in, in the order of arrival. One that has ended keeps its key and its
 *   status alone, so that it is known when it comes again; one without an id is gone then. `known_ms`
 *   is when it was issued, where it says so, else when it came.
 * - `acks`: what the broker does not have yet.
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

/**
 * Brings an open database to the current format, in one transaction.
 *
 * @throws Fault for a file that is something else: it is left alone.
 */
export function migrate(database: Database, file: string): void {
  const apply = database.transaction(() => {
    const found = {
      application: database.pragma("application_id", { simple: true }),
      version: Number(database.pragma("user_version", { simple: true })),
    };
    if (found.application === APPLICATION_ID && found.version === SCHEMA_VERSION) return;
    const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
    if (tables !== 0) throw foreignFault(file, found.version);
    database.exec(VERSION_1);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  apply.immediate();
}

function foreignFault(file: string, version: number): Fault {
  const isNewer = version > SCHEMA_VERSION;
  return new Fault(
    isNewer
      ? `the journal ${file} was written by a newer version`
      : `${file} is a database, but no journal of commands`,
    {
      remedy: isNewer
        ? "Run that version, or give this device another folder (DEVICE_FOLDER)."
        : "Move it away, or give this device another folder (DEVICE_FOLDER).",
      exitCode: EXIT_CODES.configuration,
    },
  );
}

/** Where an answer goes besides the ack topic: MQTT 5's response topic and correlation data. */
export interface ResponseAddress {
  topic: string;
  correlation: Buffer | null;
}

/** A command in the journal. */
export interface JournalEntry {
  /** The id of the command, or one that the journal gave it. */
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

/**
 * What a device knows of its commands, on disk: each step is committed before it is taken, each status
 * with the ack that tells it. What it does not know it does not claim.
 */
export interface Journal {
  /** What became of the command of this id; `null` for one that it does not know. */
  statusOf(id: string): CommandStatus | null;
  /** Takes a command in as `received`, with its ack; or says what became of the first one of this id. */
  receive(
    command: Command,
    response: ResponseAddress | null,
    atMs: number,
  ): { kind: "received"; entry: JournalEntry } | { kind: "known"; status: CommandStatus };
  /** Puts a status behind an entry, and its ack. */
  advance(
    key: string,
    change: { status: CommandStatus; atMs: number; result?: unknown; error?: string },
  ): void;
  /** Keeps an ack of something that is no entry: a rejected command. False when there is no room for it. */
  answer(ack: CommandAck, response: ResponseAddress | null): boolean;
  /** So many acks wait that no further command is to be taken in. */
  isFull(): boolean;
  /** Entries that have not ended, in the order of their arrival. */
  open(): readonly JournalEntry[];
  /** The oldest acks that the broker does not have and whose number is greater than `after`, at most `limit`. */
  pendingAcks(after: number, limit: number): readonly PendingAck[];
  /** The broker has it. */
  acknowledged(number: number): void;
  /** Commands that were issued before this time may have been forgotten; `null` while none was. Epoch milliseconds. */
  horizonMs(): number | null;
}

/** A command that has not ended. */
export interface EntryRow {
  key: string;
  status: CommandStatus;
  /** JSON. */
  command: string;
  responseTopic: string | null;
  correlation: Buffer | null;
}

export interface AckRow {
  number: number;
  /** JSON. */
  ack: string;
  responseTopic: string | null;
  correlation: Buffer | null;
}

/** What is asked of a journal's file, each prepared once. */
interface JournalStatements {
  statusOf: Statement<[device: string, key: string], CommandStatus>;
  insert: Statement<
    [
      device: string,
      key: string,
      knownMs: number,
      command: string,
      responseTopic: string | null,
      correlation: Buffer | null,
    ]
  >;
  openOne: Statement<[device: string, key: string], EntryRow>;
  open: Statement<[device: string], EntryRow>;
  setStatus: Statement<[status: CommandStatus, device: string, key: string]>;
  /** Keeps key and status alone. */
  end: Statement<[status: CommandStatus, device: string, key: string]>;
  remove: Statement<[device: string, key: string]>;
  countEnded: Statement<[], number>;
  /** The ones issued first. */
  forget: Statement<[count: number], { device: string; knownMs: number }>;
  raiseHorizon: Statement<[device: string, knownMs: number]>;
  horizon: Statement<[device: string], number>;
  insertAck: Statement<
    [device: string, ack: string, responseTopic: string | null, correlation: Buffer | null]
  >;
  countAcks: Statement<[], number>;
  acks: Statement<[device: string, after: number, limit: number], AckRow>;
  removeAck: Statement<[number: number]>;
}

const ENTRY = "key, status, command, response_topic AS responseTopic, correlation";

export function prepareStatements(database: Database): JournalStatements {
  return {
    statusOf: database
      .prepare<[string, string], CommandStatus>(
        "SELECT status FROM commands WHERE device = ? AND key = ?",
      )
      .pluck(),
    insert: database.prepare(
      `INSERT INTO commands (device, key, known_ms, status, command, response_topic, correlation)
       VALUES (?, ?, ?, 'received', ?, ?, ?)`,
    ),
    openOne: database.prepare(
      `SELECT ${ENTRY} FROM commands WHERE device = ? AND key = ? AND ${IS_OPEN}`,
    ),
    open: database.prepare(
      `SELECT ${ENTRY} FROM commands WHERE device = ? AND ${IS_OPEN} ORDER BY number`,
    ),
    setStatus: database.prepare("UPDATE commands SET status = ? WHERE device = ? AND key = ?"),
    end: database.prepare(
      `UPDATE commands SET status = ?, command = NULL, response_topic = NULL, correlation = NULL
       WHERE device = ? AND key = ?`,
    ),
    remove: database.prepare("DELETE FROM commands WHERE device = ? AND key = ?"),
    countEnded: database
      .prepare<[], number>(`SELECT count(*) FROM commands WHERE ${HAS_ENDED}`)
      .pluck(),
    forget: database.prepare(
      `DELETE FROM commands WHERE number IN
         (SELECT number FROM commands WHERE ${HAS_ENDED} ORDER BY known_ms, number LIMIT ?)
       RETURNING device, known_ms AS knownMs`,
    ),
    raiseHorizon: database.prepare(
      `INSERT INTO horizons (device, known_ms) VALUES (?, ?)
       ON CONFLICT (device) DO UPDATE SET known_ms = max(known_ms, excluded.known_ms)`,
    ),
    horizon: database
      .prepare<[string], number>("SELECT known_ms FROM horizons WHERE device = ?")
      .pluck(),
    insertAck: database.prepare(
      "INSERT INTO acks (device, ack, response_topic, correlation) VALUES (?, ?, ?, ?)",
    ),
    countAcks: database.prepare<[], number>("SELECT count(*) FROM acks").pluck(),
    acks: database.prepare(
      `SELECT number, ack, response_topic AS responseTopic, correlation FROM acks
       WHERE device = ? AND number > ? ORDER BY number LIMIT ?`,
    ),
    removeAck: database.prepare("DELETE FROM acks WHERE number = ?"),
  };
}

const DAMAGED: ReadonlySet<string | null> = new Set(["SQLITE_CORRUPT", "SQLITE_NOTADB"]);

/** Runs a step of a journal; what SQLite throws becomes a fault that says what to do. */
export function orJournalFault<T>(file: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const code = errorCode(cause)?.split("_").slice(0, 2).join("_") ?? null;
    if (DAMAGED.has(code)) throw damaged(file, errorMessage(cause), cause);
    throw new Fault(`the journal ${file} cannot be written: ${errorMessage(cause)}`, {
      remedy:
        "Make room on its disk and see that this user may write there. Nothing was obeyed meanwhile; the broker sends commands again.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** What to do about a journal that is damaged, and what that costs. */
export function damaged(file: string, found: string, cause?: unknown): Fault {
  return new Fault(`the journal ${file} is damaged: ${found}`, {
    remedy: `Move it away (with ${file}-wal and ${file}-shm, if they are there) and start again with an empty one. What it held is lost: commands that had not begun, answers that were not sent, and which ids were obeyed, so do not send those again.`,
    exitCode: EXIT_CODES.fault,
    cause,
  });
}

/** What bounds a journal's file. */
export interface JournalLimits {
  /** Commands that have ended and are known by their ids. The one issued first is forgotten first. */
  endedMax: number;
  /** Acks that the broker does not have. Beyond it answers to rejected commands are dropped, and no command is taken in. */
  acksMax: number;
}

export const JOURNAL_LIMITS: JournalLimits = { endedMax: 10_000, acksMax: 10_000 };
