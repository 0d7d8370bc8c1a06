import { createClaimOf, OUTCOMES, outcomeOf } from "@weir/protocol";
import { errorMessage, Fault, isLocked } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { LEDGER_LIMITS, type LedgerLimits } from "../ledger/account.ts";
import type { IdleLimits } from "../ledger/forgetting.ts";
import { createLedger, type Filed } from "../ledger/ledger.ts";
import { isDamage, suspectDamage } from "./damage.ts";
import { createOpenPackets, type Exchanges } from "./qos2-redelivery.ts";
import {
  createTopicDictionary,
  type FiledRows,
  type NewRow,
  prepareInsert,
  TOPIC_LIMITS,
  type TopicLimits,
} from "./rows-and-topics.ts";
import { withoutWaiting } from "./segment-file.ts";

/** What became of a batch. */
export interface Appended {
  /** The id of the newest row in the store. */
  lastId: number;
  /** For each row of the batch, in its order. */
  filed: readonly Filed[];
}

/** How often a store has reached its limits since it was opened. */
export interface ReachedLimits {
  /** Publishers that the ledger dropped for others, though they were not idle. */
  publishers: number;
  /** The same, of the accounts of one publisher. */
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

export type SegmentWriter = ReturnType<typeof createSegmentWriter>;

const NONE: ReadonlySet<number> = new Set();

/** Writes into one open segment. It owns the connection, and closes it. */
export function createSegmentWriter(database: Database, file: string, options: WriterOptions = {}) {
  const { devicePrefixes = [], reached = newReachedLimits() } = options;
  const { ledgerLimits = LEDGER_LIMITS, topicLimits = TOPIC_LIMITS } = options;
  const claimOf = createClaimOf(devicePrefixes);
  const ledger = createLedger(database, ledgerLimits, claimOf, reached);
  const topics = createTopicDictionary(database, topicLimits, ledger.isReserved, reached);
  const openPackets = createOpenPackets(database);
  const insert = prepareInsert(database);
  const selectExtent = database.prepare<[], { first: number | null; last: number | null }>(
    "SELECT min(id) AS first, max(id) AS last FROM rows",
  );
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");
  let nextId = readNextId(database);

  /**
   * Decides which rows are stored: all but those that the ledger knows already and those that a code
   * filter dropped.
   */
  function fileRows(rows: readonly NewRow[]): { filed: Filed[]; toStore: FiledRows } {
    const filed: Filed[] = [];
    const toStore: FiledRows = { rows: [], topicIds: [] };
    for (const row of rows) {
      if (row.isFiltered && row.sequence === null) {
        // Nothing of it is kept, not even its topic.
        filed.push(ledger.enter(row, null));
        continue;
      }
      const { id, isListed } = topics.of(row);
      const verdict = ledger.enter(row, isListed ? id : null);
      filed.push(verdict);
      if (verdict === "duplicate" || verdict === "filtered") continue;
      if (!isListed) flag(row, TOO_MANY_TOPICS);
      else if (verdict === "foreign") flag(row, FOREIGN);
      else if (verdict === "beyond limits") flag(row, BEYOND_LIMITS);
      toStore.rows.push(row);
      toStore.topicIds.push(id);
    }
    ledger.write();
    return { filed, toStore };
  }

  const write = database.transaction((rows: readonly NewRow[], exchanges: Exchanges | null) => {
    const known = exchanges === null ? NONE : openPackets.settle(exchanges);
    const fresh = known.size === 0 ? rows : rows.filter((_, index) => !known.has(index));
    const { filed, toStore } = fileRows(fresh);
    insert(toStore, nextId);
    return {
      filed: known.size === 0 ? filed : withDuplicates(filed, known),
      stored: toStore.rows.length,
    };
  });
  const forgetIdle = database.transaction(ledger.forgetIdle);

  function notingDamage<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      if (isDamage(error)) suspectDamage(file);
      throw error;
    }
  }

  /** Runs a transaction. When it fails, nothing of it may be remembered. */
  function writing<T>(transaction: () => T): T {
    const reachedBefore = { ...reached };
    try {
      return notingDamage(transaction);
    } catch (cause) {
      release();
      topics.forget();
      ledger.forget();
      openPackets.forget();
      Object.assign(reached, reachedBefore);
      throw writeFault(file, cause);
    }
  }

  function release(): void {
    if (database.inTransaction) rollback.run();
  }

  return {
    /**
     * Writes rows in one transaction: all of them are safe when it returns, none when it throws. Rows
     * that the ledger knows already are not written again. A row with a problem is
     * flagged in its outcome, unless it is flagged already.
     *
     * @param exchanges what happens to packet ids of QoS 2, in the same transaction. A row whose packet
     *   id is open already is not written again.
     * @throws Fault when the disk is full or fails.
     */
    append(rows: readonly NewRow[], exchanges: Exchanges | null = null): Appended {
      const { filed, stored } = writing(() => {
        const written = write.immediate(rows, exchanges);
        // Inside a transaction that `reserve` has begun, the one above is only a part of it.
        if (database.inTransaction) commit.run();
        return written;
      });
      topics.kept();
      nextId += stored;
      return { filed, lastId: nextId - 1 };
    },
    /** The packet ids of QoS 2 that are open. */
    openPackets: { hasAny: openPackets.hasAny, isEmpty: openPackets.isEmpty },
    /**
     * Begins the transaction of the next `append`. A caller that writes into several stores reserves all
     * of them first: if it cannot write in one, it writes in none.
     *
     * @throws Fault when another program has locked the store.
     */
    reserve(): void {
      writing(() => begin.run());
    },
    /** Ends what `reserve` has begun, if nothing was appended. */
    release,
    /** Whether another program has a write transaction open. Does not wait for its end. */
    isLocked(): boolean {
      try {
        withoutWaiting(database, () => begin.run());
        rollback.run();
        return false;
      } catch (error) {
        if (isLocked(error)) return true;
        throw error;
      }
    },
    /**
     * Has the ledger forget epochs that are complete, and idle since `idleBeforeUs`: only their counts
     * stay. Each call goes on through the ledger where the one before has ended.
     *
     * @returns how many accounts were forgotten.
     * @throws Fault when the disk is full or fails.
     */
    forgetIdle: (limits: IdleLimits): number => writing(() => forgetIdle.immediate(limits)),
    receiptOf: ledger.receiptOf,
    recentPublishers: ledger.recentPublishers,
    isEstablished: ledger.isEstablished,
    /** The id that the next row gets. */
    nextId: (): number => nextId,
    /** Rows of this segment (exact only while none was removed by hand), and bytes without the write-ahead log. */
    size(): { rows: number; bytes: number } {
      const { first, last } = selectExtent.get() ?? { first: null, last: null };
      const pages = database.pragma("page_count", { simple: true }) as number;
      const pageBytes = database.pragma("page_size", { simple: true }) as number;
      return {
        rows: first === null || last === null ? 0 : last - first + 1,
        bytes: pages * pageBytes,
      };
    },
    /** Runs what reads or writes the file. If SQLite meets damage in it, the next start checks the whole file. */
    notingDamage,
    [Symbol.dispose](): void {
      database.close();
    },
  };
}

export function newReachedLimits(): ReachedLimits {
  return { publishers: 0, epochs: 0, topics: 0 };
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

/** The verdicts of a batch, of which the rows with these places had been stored before. */
function withDuplicates(filed: readonly Filed[], known: ReadonlySet<number>): Filed[] {
  const all = [...filed];
  for (const index of [...known].sort((a, b) => a - b)) all.splice(index, 0, "duplicate");
  return all;
}

const RETAINED = outcomeOf("retained").code;
const BEYOND_LIMITS = outcomeOf("beyond the ledger's limits").code;
const FOREIGN = outcomeOf("the topic names another device than the publisher").code;
const TOO_MANY_TOPICS = outcomeOf("too many new topics").code;

// A retained message keeps that outcome, whatever else is wrong with it.
const VALID: ReadonlySet<number> = new Set(
  OUTCOMES.filter(
    ({ kind, code }) => (kind === "reading" || kind === "message") && code !== RETAINED,
  ).map(({ code }) => code),
);

function flag(row: NewRow, code: number): void {
  if (VALID.has(row.outcome)) row.outcome = code;
}

export const END_LOCK =
  "End that program's write transaction, or the program. Weir tries again until then.";

/** A commit that failed. */
function writeFault(file: string, cause: unknown): Fault {
  if (isLocked(cause)) {
    return new Fault(`${file} is locked by another program; nothing of it was acknowledged`, {
      remedy: END_LOCK,
      cause,
    });
  }
  return new Fault(
    `${file} cannot be written: ${errorMessage(cause)}; nothing of it was acknowledged`,
    {
      remedy: "Free some disk space, or repair the disk. The broker sends the messages again.",
      cause,
    },
  );
}
