import { randomBytes } from "node:crypto";
import {
  type AnnouncementEntry,
  ENTRIES_MAX,
  PAYLOAD_BYTES_MAX,
  RANGES_MAX,
  type ReceiptEntry,
  topicProblem,
} from "@weir/protocol";
import {
  type DatabaseFormat,
  LOCK_MS_MAX,
  lockFile,
  makePlaceOf,
  newerFormat,
  orOpeningFault,
} from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";

/** The limits of an outbox, each with its policy. */
export interface OutboxLimits {
  /** Messages that wait at most. A full outbox refuses new messages and says why. */
  rowsMax: number;
  /** Bytes of payload that wait at most. The same policy. */
  bytesMax: number;
  /** How long a message may wait, in milliseconds. Then it is abandoned, and announced as such. */
  ageMaxMs: number;
  /** Messages that are sent and not confirmed at most. No further one is sent until a receipt comes. */
  windowMax: number;
  /** Refusals by the broker after which a message is abandoned, so that it does not block others. */
  refusalsMax: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  rowsMax: 1_000_000,
  bytesMax: 256 * 1024 * 1024,
  ageMaxMs: 7 * 24 * 60 * 60 * 1_000,
  windowMax: 2_000,
  refusalsMax: 5,
};

/** A message before it has a place in a sequence. */
interface NewMessage {
  topic: string;
  payload: object;
}

/** What names one message of a publisher. */
export interface MessageKey {
  topic: string;
  epoch: string;
  seq: number;
}

/** A message that waits to be confirmed. */
export interface QueuedMessage extends MessageKey {
  id: number;
  payload: Buffer;
  acceptedMs: number;
  refusals: number;
}

/** A message that was removed from the queue because it is confirmed. */
export type ConfirmedMessage = MessageKey & { id: number };

/** The answer to a message that was handed in. */
export type Acceptance =
  | ({ kind: "accepted" } & MessageKey)
  /** The message is not in the outbox and will not be sent. */
  | { kind: "refused"; reason: string };

/** The durable part of an outbox: a file of messages, each with its place in a sequence. */
export type Queue = ReturnType<typeof openQueue>;

/**
 * Opens an outbox's file; creates it where it is missing.
 *
 * @throws Fault when another process has it open, or when it cannot be written.
 */
export function openQueue({
  file,
  publisher,
  limits,
}: {
  file: string;
  publisher: string;
  limits: OutboxLimits;
}) {
  makePlaceOf(file, "PUBLISHER_OUTBOX_FILE");
  using opening = new DisposableStack();
  opening.use(
    orOpeningFault(file, "PUBLISHER_OUTBOX_FILE", () =>
      lockFile(file, {
        message: `another process has the outbox ${file} open`,
        remedy: "Stop it, or give each publisher its own outbox.",
      }),
    ),
  );
  const database = opening.adopt(openDatabase(file), (opened) => opened.close());
  const epoch = randomBytes(16).toString("hex");
  const size = database
    .prepare<[], { rows: number; bytes: number }>(
      "SELECT count(*) AS rows, coalesce(sum(length(payload)), 0) AS bytes FROM messages",
    )
    .get() ?? { rows: 0, bytes: 0 };

  const insert = database.prepare<[string, string, number, Buffer, number]>(
    "INSERT INTO messages (topic, epoch, seq, payload, accepted_ms) VALUES (?, ?, ?, ?, ?)",
  );
  const setAccepted = database.prepare<[string, string, number, number]>(
    "INSERT OR REPLACE INTO sequences (epoch, topic, accepted, changed_ms) VALUES (?, ?, ?, ?)",
  );
  const selectAfter = database.prepare<[number, number], QueuedMessage>(
    `SELECT id, topic, epoch, seq, payload, accepted_ms AS acceptedMs, refusals
     FROM messages WHERE id > ? ORDER BY id LIMIT +?`,
  );
  const removeRange = database.prepare<
    [string, string, number, number, number],
    ConfirmedMessage & { bytes: number }
  >(
    `DELETE FROM messages WHERE epoch = ? AND topic = ? AND seq BETWEEN ? AND ? AND id <= ?
     RETURNING id, topic, epoch, seq, length(payload) AS bytes`,
  );
  const removeOne = database.prepare<[number], { bytes: number }>(
    "DELETE FROM messages WHERE id = ? RETURNING length(payload) AS bytes",
  );
  const countRefusal = database.prepare<[number]>(
    "UPDATE messages SET refusals = refusals + 1 WHERE id = ?",
  );
  const insertAbandoned = database.prepare<[string, string, number, string, number]>(
    "INSERT OR IGNORE INTO abandoned (epoch, topic, seq, reason, abandoned_ms) VALUES (?, ?, ?, ?, ?)",
  );
  const shiftAges = database.prepare<[number]>("UPDATE messages SET accepted_ms = accepted_ms + ?");

  // The last seq of each topic in this epoch. The file has them too, for the announcement.
  const accepted = new Map<string, number>();

  function subtract(removed: readonly { bytes: number }[]): void {
    size.rows -= removed.length;
    for (const { bytes } of removed) size.bytes -= bytes;
  }

  const acceptAll = database.transaction((messages: readonly NewMessage[], nowMs: number) => {
    const next = new Map(accepted);
    let { rows, bytes } = size;
    const acceptances = messages.map(({ topic, payload }): Acceptance => {
      const seq = (next.get(topic) ?? 0) + 1;
      const wire = toWire(topic, { ...payload, publisher, epoch, seq });
      if (typeof wire === "string") return { kind: "refused", reason: wire };
      if (rows >= limits.rowsMax || bytes + wire.length > limits.bytesMax) {
        const { rowsMax, bytesMax } = limits;
        const reason = `the outbox is full (${rowsMax} messages or ${bytesMax} bytes)`;
        return { kind: "refused", reason };
      }
      insert.run(topic, epoch, seq, wire, nowMs);
      next.set(topic, seq);
      rows += 1;
      bytes += wire.length;
      return { kind: "accepted", topic, epoch, seq };
    });
    for (const [topic, seq] of next) {
      if (seq !== accepted.get(topic)) setAccepted.run(epoch, topic, seq, nowMs);
    }
    return { acceptances, next, rows, bytes };
  });

  const confirmAll = database.transaction(
    (receipt: readonly ReceiptEntry[], sentThroughId: number) =>
      receipt.flatMap(({ epoch: of, topic, through, ranges }) =>
        [[1, through] as const, ...ranges].flatMap(([from, to]) =>
          removeRange.all(of, topic, from, to, sentThroughId),
        ),
      ),
  );

  const abandonOne = database.transaction(
    (message: QueuedMessage, reason: string, nowMs: number) => {
      insertAbandoned.run(message.epoch, message.topic, message.seq, reason, nowMs);
      return removeOne.all(message.id);
    },
  );

  const opened = opening.move();
  return {
    /** The name of this opening: 128 random bits, so that a copy of the file never repeats a number. */
    epoch,
    /**
     * Accepts messages in one transaction: what is accepted is on disk when it returns.
     *
     * @throws when the disk is full or fails; then no message is accepted.
     */
    accept: (messages: readonly NewMessage[], nowMs: number): Acceptance[] => {
      const { acceptances, next, rows, bytes } = acceptAll.immediate(messages, nowMs);
      for (const [topic, seq] of next) accepted.set(topic, seq);
      size.rows = rows;
      size.bytes = bytes;
      return acceptances;
    },
    /** Messages with `id > afterId`, the oldest first. */
    after: (afterId: number, limit: number) => selectAfter.all(afterId, limit),
    /** Removes what a receipt confirms, among the messages that were sent: those with `id <= sentThroughId`. */
    confirm: (receipt: readonly ReceiptEntry[], sentThroughId: number): ConfirmedMessage[] => {
      const removed = confirmAll.immediate(receipt, sentThroughId);
      subtract(removed);
      return removed.map(({ bytes: _, ...message }) => message);
    },
    /** Removes one message that is confirmed. */
    remove: (id: number) => subtract(removeOne.all(id)),
    /** Counts a refusal by the broker. */
    countRefusal: (id: number) => void countRefusal.run(id),
    /** Removes a message that is not sent any more, and records why. */
    abandon: (message: QueuedMessage, reason: string, nowMs: number) =>
      subtract(abandonOne.immediate(message, reason, nowMs)),
    /** Moves all times of acceptance after the clock has jumped, so that no message ages by a jump. */
    shiftAges: (byMs: number) => void shiftAges.run(Math.round(byMs)),
    size: () => ({ ...size }),
    /** What the publisher publishes about itself. */
    announcement: prepareAnnouncement(database),
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function openDatabase(file: string): Database {
  return orOpeningFault(file, "PUBLISHER_OUTBOX_FILE", () => {
    const database = new Sqlite(file, { timeout: LOCK_MS_MAX });
    refuseNewer(database, file);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    migrate(database);
    return database;
  });
}

/** The bytes of a payload, or why neither broker nor logger would take it: then it is refused at once. */
function toWire(topic: string, payload: object): Buffer | string {
  const problem = topicProblem(topic);
  if (problem !== null) return problem;
  try {
    const wire = Buffer.from(JSON.stringify(payload));
    if (wire.length <= PAYLOAD_BYTES_MAX) return wire;
    return `the payload has ${wire.length} bytes, more than ${PAYLOAD_BYTES_MAX}`;
  } catch {
    // A cycle, or a BigInt.
    return "the payload cannot be written as JSON";
  }
}

/** "WOUT" in the header of the file. */
const APPLICATION_ID = 0x574f5554;
const SCHEMA_VERSION = 1;

/** How the file of an outbox is recognised. */
export const OUTBOX_FORMAT: DatabaseFormat = {
  applicationId: APPLICATION_ID,
  version: SCHEMA_VERSION,
};

/**
 * - `messages`: what waits, in the order of acceptance. `payload` holds the bytes to publish.
 * - `sequences`: per epoch and topic, the last seq that was assigned.
 * - `abandoned`: what is not sent any more, and why. The publisher announces it, so that no audit counts it as lost.
 */
const VERSION_1 = `
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  payload BLOB NOT NULL,
  accepted_ms INTEGER NOT NULL,
  refusals INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX messages_by_sequence ON messages (epoch, topic, seq);

CREATE TABLE sequences (
  epoch TEXT NOT NULL,
  topic TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE abandoned (
  epoch TEXT NOT NULL,
  topic TEXT NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  abandoned_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, topic, seq)
) STRICT, WITHOUT ROWID;
`;

/** @throws Fault for a file that a newer version has written: it is not changed. */
function refuseNewer(database: Database, file: string): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version <= SCHEMA_VERSION) return;
  database.close();
  throw newerFormat(file, version, SCHEMA_VERSION);
}

/** Brings an open database to the current format, in one transaction. */
function migrate(database: Database): void {
  const apply = database.transaction(() => {
    if (database.pragma("user_version", { simple: true }) === 0) database.exec(VERSION_1);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  apply.immediate();
}

/** Reads what the publisher announces about itself: per epoch and topic, the newest first. */
function prepareAnnouncement(database: Database): () => AnnouncementEntry[] {
  const select = database.prepare<
    [],
    { epoch: string; topic: string; accepted: number; oldestUnsent: number }
  >(
    `SELECT epoch, topic, accepted,
            coalesce((SELECT min(seq) FROM messages
                      WHERE messages.epoch = sequences.epoch AND messages.topic = sequences.topic),
                     accepted + 1) AS oldestUnsent
     FROM sequences ORDER BY changed_ms DESC LIMIT ${ENTRIES_MAX}`,
  );
  // Consecutive numbers have the same distance to their rank: they are one range.
  const selectAbandoned = database
    .prepare<[string, string], [number, number]>(
      `SELECT min(seq), max(seq)
       FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS distance
             FROM abandoned WHERE epoch = +? AND topic = +?)
       GROUP BY distance ORDER BY 1 DESC LIMIT ${RANGES_MAX}`,
    )
    .raw();

  return () =>
    select.all().map(({ epoch, topic, accepted, oldestUnsent }) => ({
      epoch,
      topic,
      accepted,
      oldestUnsent,
      abandoned: selectAbandoned.all(epoch, topic).reverse(),
    }));
}
