import type { CommandStatus } from "@weir/messages";
import type { Database, Statement } from "better-sqlite3";
import { HAS_ENDED, IS_OPEN } from "./journal-schema.ts";

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
export interface JournalStatements {
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
