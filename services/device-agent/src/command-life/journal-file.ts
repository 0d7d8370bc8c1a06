import { randomUUID } from "node:crypto";
import { type Command, type CommandAck, endsCommand } from "@weir/protocol";
import { lockFile, makePlaceOf, orOpeningFault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import {
  type AckRow,
  damaged,
  type EntryRow,
  JOURNAL_LIMITS,
  type Journal,
  type JournalEntry,
  type JournalLimits,
  migrate,
  orJournalFault,
  type PendingAck,
  prepareStatements,
  type ResponseAddress,
} from "./journal.ts";

/** The journals of some devices, in one file that one process has open. */
export interface Journals extends Disposable {
  of(device: string): Journal;
}

/**
 * Opens the file, or makes it.
 *
 * @throws Fault when another process has it open, it cannot be written, or it is damaged.
 */
export function openJournals(options: { file: string; limits?: Partial<JournalLimits> }): Journals {
  const { file } = options;
  const limits = { ...JOURNAL_LIMITS, ...options.limits };
  using opening = new DisposableStack();
  makePlaceOf(file, SETTING);
  opening.use(
    orOpeningFault(file, SETTING, () =>
      lockFile(file, {
        message: `another process has the journal ${file} open`,
        remedy: "Stop it, or give each device agent a folder of its own (DEVICE_FOLDER).",
      }),
    ),
  );
  const database = opening.adopt(
    orOpeningFault(file, SETTING, () => new Sqlite(file)),
    (opened) => opened.close(),
  );
  orJournalFault(file, () => prepareFile(database, file));
  const journalOf = orJournalFault(file, () => prepareJournal(database, { file, limits }));
  const opened = opening.move();
  return { of: journalOf, [Symbol.dispose]: () => opened.dispose() };
}

const SETTING = "DEVICE_FOLDER";

function prepareFile(database: Database, file: string): void {
  const found = database.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw damaged(file, String(found));
  migrate(database, file);
  // Behind all checks: a file of somebody else keeps its mode.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
}

/** Prepares the statements once; what it returns makes the journal of a device out of them. */
export function prepareJournal(
  database: Database,
  { file, limits }: { file: string; limits: JournalLimits },
): (device: string) => Journal {
  const statements = prepareStatements(database);
  const isFull = (): boolean => (statements.countAcks.get() ?? 0) >= limits.acksMax;

  function keepAck(device: string, ack: CommandAck, response: ResponseAddress | null): void {
    const { topic = null, correlation = null } = response ?? {};
    statements.insertAck.run(device, JSON.stringify(ack), topic, correlation);
  }

  /** The one issued first goes first: so a time far ahead, which somebody made up, moves no horizon. */
  function forgetSurplus(): void {
    const surplus = (statements.countEnded.get() ?? 0) - limits.endedMax;
    if (surplus <= 0) return;
    for (const { device, knownMs } of statements.forget.all(surplus)) {
      statements.raiseHorizon.run(device, knownMs);
    }
  }

  /** Each step is one transaction: all of it is on disk when it returns, or nothing. */
  function step<A extends unknown[], R>(task: (...given: A) => R): (...given: A) => R {
    const apply = database.transaction(task);
    return (...given) => orJournalFault(file, () => apply.immediate(...given));
  }

  const receive = step(
    (device: string, command: Command, response: ResponseAddress | null, atMs: number) => {
      const { id, name, issuedAtMs } = command;
      // No id has a #, so none can be that of a command without one.
      const key = id ?? `#${randomUUID()}`;
      const known = statements.statusOf.get(device, key);
      if (known !== undefined) return { kind: "known", status: known } as const;
      const { topic = null, correlation = null } = response ?? {};
      const json = JSON.stringify(command);
      statements.insert.run(device, key, issuedAtMs ?? atMs, json, topic, correlation);
      keepAck(device, { id, name, status: "received", at: atMs }, response);
      const entry: JournalEntry = { key, command, response, status: "received" };
      return { kind: "received", entry } as const;
    },
  );

  const advance = step((device: string, key: string, change: Parameters<Journal["advance"]>[1]) => {
    const { status, atMs, ...told } = change;
    const row = statements.openOne.get(device, key);
    if (row === undefined) throw new Error(`${device} has no open command ${key}`);
    const { command, response } = entryOf(row);
    const { id, name } = command;
    keepAck(device, { id, name, status, at: atMs, ...told }, response);
    if (!endsCommand(status)) statements.setStatus.run(status, device, key);
    else if (id === null) statements.remove.run(device, key);
    else {
      statements.end.run(status, device, key);
      forgetSurplus();
    }
  });

  const answer = step((device: string, ack: CommandAck, response: ResponseAddress | null) => {
    if (isFull()) return false;
    keepAck(device, ack, response);
    return true;
  });

  function acknowledged(number: number): void {
    // Not worth waiting for the disk: what a power cut brings back is told twice.
    database.pragma("synchronous = NORMAL");
    try {
      statements.removeAck.run(number);
    } finally {
      database.pragma("synchronous = FULL");
    }
  }

  const read = <T>(task: () => T): T => orJournalFault(file, task);
  return (device) => ({
    statusOf: (id) => read(() => statements.statusOf.get(device, id) ?? null),
    receive: (command, response, atMs) => receive(device, command, response, atMs),
    advance: (key, change) => advance(device, key, change),
    answer: (ack, response) => answer(device, ack, response),
    isFull: () => read(isFull),
    open: () => read(() => statements.open.all(device).map(entryOf)),
    pendingAcks: (after, limit) =>
      read(() => statements.acks.all(device, after, limit).map(pendingAckOf)),
    acknowledged: (number) => orJournalFault(file, () => acknowledged(number)),
    horizonMs: () => {
      const knownMs = read(() => statements.horizon.get(device));
      return knownMs === undefined ? null : knownMs + 1;
    },
  });
}

function entryOf({ key, status, command, responseTopic, correlation }: EntryRow): JournalEntry {
  const response = responseOf(responseTopic, correlation);
  // It was written by `receive`.
  return { key, status, command: JSON.parse(command) as Command, response };
}

function pendingAckOf({ number, ack, responseTopic, correlation }: AckRow): PendingAck {
  const response = responseOf(responseTopic, correlation);
  // It was written by `keepAck`.
  return { number, ack: JSON.parse(ack) as CommandAck, response };
}

function responseOf(topic: string | null, correlation: Buffer | null): ResponseAddress | null {
  return topic === null ? null : { topic, correlation };
}
