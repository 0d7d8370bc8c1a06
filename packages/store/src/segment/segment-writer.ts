import { createClaimOf, type ReceiptEntry, type Sequence } from "@weir/protocol";
import { isLocked } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { LEDGER_LIMITS, type LedgerLimits } from "../ledger/account.ts";
import type { IdleLimits } from "../ledger/forgetting.ts";
import { createLedger } from "../ledger/ledger.ts";
import { isDamage, suspectDamage, writeFault } from "./damage.ts";
import {
  type Filed,
  type FiledRows,
  fileRows,
  prepareInsertStretch,
  ROWS_PER_STATEMENT_MAX,
} from "./insert-rows.ts";
import { createOpenPackets, type Exchanges, type OpenPackets } from "./open-packets.ts";
import { createTopicDictionary, TOPIC_LIMITS, type TopicLimits } from "./topic-dictionary.ts";

/** What became of a batch. */
export interface Appended {
  /** The id of the newest row in the store. */
  lastId: number;
  /** For each row of the batch, in its order. */
  filed: readonly Filed[];
}

/** The writing side of one open segment. It owns the connection, and closes it. */
export interface SegmentWriter extends Disposable {
  /** See `Store.append`. */
  append(rows: readonly NewRow[], exchanges?: Exchanges | null): Appended;
  openPackets: Pick<OpenPackets, "hasAny" | "isEmpty">;
  /** See `Store.forgetIdle`. */
  forgetIdle(limits: IdleLimits): number;
  /** See `Store.reserve`. */
  reserve(): void;
  /** See `Store.release`. */
  release(): void;
  /** See `Store.isLocked`. */
  isLocked(): boolean;
  receiptOf(publisher: string): ReceiptEntry[];
  recentPublishers(limit: number): string[];
  isEstablished(publisher: string): boolean;
  /** The id that the next row gets. */
  nextId(): number;
  /** How many rows there are: exact only while none was removed by hand. */
  rows(): number;
  /** The file's size without its write-ahead log. */
  bytes(): number;
  /** Runs what reads or writes the file; damage that SQLite meets is looked into at the next start. */
  noting<T>(task: () => T): T;
}

/** How often a store has reached its limits. */
export interface ReachedLimits {
  /** Publishers that made room in the ledger for others, though they were not idle. */
  publishers: number;
  /** The same, of the epochs and topics of one publisher. */
  epochs: number;
  /** Rows whose topics were too many new ones. */
  topics: number;
}

/** What is the same for all segments of a store. */
export interface WriterOptions {
  /** The first levels of the topics of devices, before the device's id. Default none. */
  devicePrefixes?: readonly string[] | undefined;
  ledgerLimits?: LedgerLimits;
  topicLimits?: TopicLimits;
  reached?: ReachedLimits;
}
const NONE: ReadonlySet<number> = new Set();

export function createSegmentWriter(
  database: Database,
  file: string,
  options: WriterOptions = {},
): SegmentWriter {
  const { devicePrefixes = [], reached = newReachedLimits() } = options;
  const claimOf = createClaimOf(devicePrefixes);
  const limits = options.ledgerLimits ?? LEDGER_LIMITS;
  const ledger = createLedger(database, { limits, claimOf, reached });
  const topics = createTopicDictionary(database, {
    limits: options.topicLimits ?? TOPIC_LIMITS,
    isReserved: ledger.isReserved,
    reached,
  });
  const openPackets = createOpenPackets(database);
  const insert = prepareInsert(database);
  const selectExtent = database.prepare<[], { first: number | null; last: number | null }>(
    "SELECT min(id) AS first, max(id) AS last FROM rows",
  );
  let nextId = readNextId(database);

  const write = database.transaction((rows: readonly NewRow[], exchanges: Exchanges | null) => {
    const stored = exchanges === null ? NONE : openPackets.settle(exchanges);
    const fresh = stored.size === 0 ? rows : rows.filter((_, index) => !stored.has(index));
    const { filed, toStore } = fileRows(fresh, { topics, ledger });
    insert(toStore, nextId);
    return {
      filed: stored.size === 0 ? filed : withDuplicates(filed, stored),
      stored: toStore.rows.length,
    };
  });
  const forgetIdle = database.transaction(ledger.forgetIdle);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");

  function noting<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      if (isDamage(error)) suspectDamage(file);
      throw error;
    }
  }

  /** Runs a transaction. When it fails, nothing may be remembered of it. */
  function writing<T>(transaction: () => T): T {
    try {
      return noting(transaction);
    } catch (cause) {
      release();
      topics.forget();
      ledger.forget();
      openPackets.forget();
      throw writeFault(file, cause);
    }
  }

  function release(): void {
    if (database.inTransaction) rollback.run();
  }

  function isWriteLocked(): boolean {
    const waitMs = database.pragma("busy_timeout", { simple: true }) as number;
    database.pragma("busy_timeout = 0");
    try {
      begin.run();
      rollback.run();
      return false;
    } catch (error) {
      if (isLocked(error)) return true;
      throw error;
    } finally {
      database.pragma(`busy_timeout = ${waitMs}`);
    }
  }

  /** Inside a transaction that `reserve` has begun, this one is a part of it. */
  function writeAll(
    rows: readonly NewRow[],
    exchanges: Exchanges | null,
  ): ReturnType<typeof write> {
    const written = write.immediate(rows, exchanges);
    if (database.inTransaction) commit.run();
    return written;
  }

  return {
    reserve: () => void writing(() => begin.run()),
    release,
    isLocked: isWriteLocked,
    append: (rows, exchanges = null) => {
      const { filed, stored } = writing(() => writeAll(rows, exchanges));
      nextId += stored;
      return { filed, lastId: nextId - 1 };
    },
    openPackets,
    forgetIdle: (limits) => writing(() => forgetIdle.immediate(limits)),
    receiptOf: ledger.receiptOf,
    recentPublishers: ledger.recentPublishers,
    isEstablished: ledger.isEstablished,
    nextId: () => nextId,
    rows: () => {
      const { first, last } = selectExtent.get() ?? { first: null, last: null };
      return first === null || last === null ? 0 : last - first + 1;
    },
    bytes: () => {
      const pages = database.pragma("page_count", { simple: true }) as number;
      return pages * (database.pragma("page_size", { simple: true }) as number);
    },
    noting,
    [Symbol.dispose]: () => database.close(),
  };
}

export function newReachedLimits(): ReachedLimits {
  return { publishers: 0, epochs: 0, topics: 0 };
}

/** The verdicts of a batch, of which these rows had been stored before. */
function withDuplicates(filed: readonly Filed[], stored: ReadonlySet<number>): Filed[] {
  const all = [...filed];
  for (const index of [...stored].sort((a, b) => a - b)) all.splice(index, 0, "duplicate");
  return all;
}

/** The id that the next row of an open segment gets. */
export function readNextId(database: Database, schema: "main" | "predecessor" = "main"): number {
  return database
    .prepare<[], number>(
      `SELECT max(next_id, (SELECT coalesce(max(id), 0) + 1 FROM ${schema}.rows)) FROM ${schema}.segment`,
    )
    .pluck()
    .get() as number;
}

/** Inserts rows under ascending ids from `firstId` on. Call it inside a write transaction. */
type InsertRows = (filed: FiledRows, firstId: number) => void;

export function prepareInsert(database: Database): InsertRows {
  const insertFirst = database.prepare<unknown[]>(
    `INSERT INTO rows (id, received_us, topic_id, payload, qos, retained, outcome, value, observed_us)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertStretch = prepareInsertStretch(database);

  function writeFirst({ rows, topicIds }: FiledRows, id: number): void {
    const { receivedUs, payload, qos, retained, outcome, value, observedUs } = rows[0] as NewRow;
    const others = [payload, qos, retained ? 1 : 0, outcome, value, observedUs];
    insertFirst.run(id, receivedUs, topicIds[0], ...others);
  }

  return (filed, firstId) => {
    const { length } = filed.rows;
    if (length === 0) return;
    // The id is said once, because in an empty table SQLite would begin at 1 again. The others follow
    // by themselves, which is cheaper.
    writeFirst(filed, firstId);
    for (let from = 1; from < length; from += ROWS_PER_STATEMENT_MAX) {
      insertStretch(filed, { from, end: Math.min(from + ROWS_PER_STATEMENT_MAX, length) });
    }
  };
}

/** One message on its way into the store. Times in microseconds since the epoch. */
export interface NewRow {
  receivedUs: number;
  topic: string;
  payload: Buffer;
  qos: number;
  retained: boolean;
  /** A code of `OUTCOMES`. The store writes a doubt of its own here. */
  outcome: number;
  /** The reading's value, or `null` where decoding yielded none. */
  value: number | null;
  /** The reading's time, or `null` where decoding yielded none. */
  observedUs: number | null;
  /** Its place in the sequence of an outbox, or `null` where it has none. */
  sequence: Sequence | null;
  /** A code filter dropped it: the ledger knows it from now on, but it is not written. */
  isFiltered: boolean;
}

/** One stored reading, as statistics need it. */
export interface StoredReading {
  observedUs: number;
  value: number;
}
