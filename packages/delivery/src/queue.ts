import { randomBytes } from "node:crypto";
import {
  type AnnouncementEntry,
  PAYLOAD_BYTES_MAX,
  type ReceiptEntry,
  topicProblem,
} from "@weir/protocol";
import { LOCK_MS_MAX, lockFile, makePlaceOf, orOpeningFault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { migrate, type OutboxLimits, prepareAnnouncement } from "./outbox-schema.ts";

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

/** A message that a receipt has taken out of the queue. */
export interface ConfirmedMessage extends MessageKey {
  id: number;
}

/** What became of a message that was handed in. */
export type Acceptance =
  | ({ kind: "accepted" } & MessageKey)
  /** It is not in the outbox, and will not be sent. */
  | { kind: "refused"; reason: string };

/** The durable part of an outbox: a file of messages, each with its place in a sequence. */
export interface Queue extends Disposable {
  /** The name of this opening: 128 random bits, so that no copy of the file gives a number twice. */
  epoch: string;
  /**
   * Takes messages in, in one transaction: those accepted are safe when it returns.
   *
   * @throws when the disk is full or fails; then none is accepted.
   */
  accept(messages: readonly { topic: string; payload: object }[], nowMs: number): Acceptance[];
  /** Messages with `id > afterId`, the oldest first. */
  after(afterId: number, limit: number): QueuedMessage[];
  /** Removes what a receipt confirms, as far as it was sent: the messages with `id <= sentThroughId`. */
  confirm(receipt: readonly ReceiptEntry[], sentThroughId: number): ConfirmedMessage[];
  /** Removes one message that is confirmed. */
  remove(id: number): void;
  /** Counts a refusal by the broker. */
  countRefusal(id: number): void;
  /** Gives a message up, and remembers that and why. */
  abandon(message: QueuedMessage, reason: string, nowMs: number): void;
  /** Moves the times of acceptance, because the clock has jumped: waiting is no longer or shorter for it. */
  shiftAges(byMs: number): void;
  size(): { rows: number; bytes: number };
  /** What the publisher tells about itself. */
  announcement(): AnnouncementEntry[];
}

/**
 * Opens an outbox's file, or makes it.
 *
 * @throws Fault when another process has it open, or it cannot be written.
 */
export function openQueue(options: {
  file: string;
  publisher: string;
  limits: OutboxLimits;
}): Queue {
  const { file, publisher, limits } = options;
  makePlaceOf(file, "PUBLISHER_OUTBOX_FILE");
  using opening = new DisposableStack();
  opening.use(
    orOpeningFault(file, "PUBLISHER_OUTBOX_FILE", () =>
      lockFile(file, {
        message: `another process has the outbox ${file} open`,
        remedy: "Stop it, or give each publisher an outbox of its own.",
      }),
    ),
  );
  const database = opening.adopt(openDatabase(file), (opened) => opened.close());
  const epoch = randomBytes(16).toString("hex");
  const announcement = prepareAnnouncement(database);
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
     FROM messages WHERE id > ? ORDER BY id LIMIT ?`,
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
  const remember = database.prepare<[string, string, number, string, number]>(
    "INSERT OR IGNORE INTO abandoned (epoch, topic, seq, reason, abandoned_ms) VALUES (?, ?, ?, ?, ?)",
  );

  const shiftAges = database.prepare<[number]>("UPDATE messages SET accepted_ms = accepted_ms + ?");

  // The numbers given out in this epoch; the file has them, too, for the announcement.
  const accepted = new Map<string, number>();

  function forget(removed: readonly { bytes: number }[]): void {
    size.rows -= removed.length;
    for (const { bytes } of removed) size.bytes -= bytes;
  }

  const acceptAll = database.transaction(
    (messages: readonly { topic: string; payload: object }[], nowMs: number) => {
      const next = new Map(accepted);
      let { rows, bytes } = size;
      const acceptances = messages.map(({ topic, payload }): Acceptance => {
        const seq = (next.get(topic) ?? 0) + 1;
        const wire = toWire(topic, { ...payload, publisher, epoch, seq });
        if (typeof wire === "string") return { kind: "refused", reason: wire };
        if (rows >= limits.rowsMax || bytes + wire.length > limits.bytesMax) {
          return { kind: "refused", reason: fullness(limits) };
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
    },
  );

  const confirmAll = database.transaction(
    (receipt: readonly ReceiptEntry[], sentThroughId: number) =>
      receipt.flatMap(({ epoch: of, topic, through, ranges }) =>
        [[1, through] as const, ...ranges].flatMap(([from, to]) =>
          removeRange.all(of, topic, from, to, sentThroughId),
        ),
      ),
  );

  const giveUp = database.transaction((message: QueuedMessage, reason: string, nowMs: number) => {
    remember.run(message.epoch, message.topic, message.seq, reason, nowMs);
    return removeOne.all(message.id);
  });

  const opened = opening.move();
  return {
    epoch,
    accept: (messages, nowMs) => {
      const { acceptances, next, rows, bytes } = acceptAll.immediate(messages, nowMs);
      for (const [topic, seq] of next) accepted.set(topic, seq);
      size.rows = rows;
      size.bytes = bytes;
      return acceptances;
    },
    after: (afterId, limit) => selectAfter.all(afterId, limit),
    confirm: (receipt, sentThroughId) => {
      const removed = confirmAll.immediate(receipt, sentThroughId);
      forget(removed);
      return removed.map(({ id, topic, epoch: of, seq }) => ({ id, topic, epoch: of, seq }));
    },
    remove: (id) => forget(removeOne.all(id)),
    countRefusal: (id) => void countRefusal.run(id),
    abandon: (message, reason, nowMs) => forget(giveUp.immediate(message, reason, nowMs)),
    shiftAges: (byMs) => void shiftAges.run(Math.round(byMs)),
    size: () => ({ ...size }),
    announcement,
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function openDatabase(file: string): Database {
  return orOpeningFault(file, "PUBLISHER_OUTBOX_FILE", () => {
    const database = new Sqlite(file, { timeout: LOCK_MS_MAX });
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    migrate(database);
    return database;
  });
}

/** The bytes of a payload, or why no broker and no logger would take it: better refused than tried for ever. */
function toWire(topic: string, payload: object): Buffer | string {
  const problem = topicProblem(topic);
  if (problem !== null) return problem;
  const json = toJson(payload);
  if (json === null) return "the payload cannot be written as JSON";
  const wire = Buffer.from(json);
  if (wire.length <= PAYLOAD_BYTES_MAX) return wire;
  return `the payload has ${wire.length} bytes, more than ${PAYLOAD_BYTES_MAX}`;
}

function toJson(payload: object): string | null {
  try {
    return JSON.stringify(payload);
  } catch {
    // A cycle, or a BigInt: the caller refuses it, and says so.
    return null;
  }
}

function fullness({ rowsMax, bytesMax }: OutboxLimits): string {
  return `the outbox is full (${rowsMax} messages or ${bytesMax} bytes)`;
}
