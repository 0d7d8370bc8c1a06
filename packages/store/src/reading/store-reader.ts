import { existsSync, statSync } from "node:fs";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { type Account, accountOf } from "../ledger/account.ts";
import { APPLICATION_ID, SCHEMA_VERSION, schemaVersion } from "../segment/schema.ts";
import { watchFile } from "./segments.ts";

/** How far the file reaches, at one moment. */
export interface StoreState {
  /** Rises when rows vanish that a reader may still count. */
  generation: number;
  /** The newest id that was ever given out. */
  lastId: number;
}

/** The readings of one second of observation time. */
export interface SecondSummary {
  second: number;
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** What SQL computes over a span of time: statistics must equal it. */
export interface SpanSummary {
  count: number;
  average: number | null;
  min: number | null;
  max: number | null;
  /** The mean of |value|: the scale that rounding is judged by. */
  magnitude: number | null;
}

export type StoreReader = NonNullable<ReturnType<typeof openReader>>;

/**
 * Opens a store for reading: any number of readers, in any process, while the logger writes. It is
 * read-only in SQLite; its folder must be writable for this user all the same, because the readers of a
 * write-ahead log share an index file.
 *
 * @returns `null` while there is no store at this path.
 */
export function openReader(file: string) {
  if (!existsSync(file)) return null;
  const { ino } = statSync(file);
  using opening = new DisposableStack();
  const database = opening.adopt(
    new Sqlite(file, { readonly: true, fileMustExist: true }),
    (opened) => opened.close(),
  );
  const isStore =
    database.pragma("application_id", { simple: true }) === APPLICATION_ID &&
    schemaVersion(database) === SCHEMA_VERSION;
  // A file that the logger is about to fill, import or migrate.
  if (!isStore) return null;

  const selectState = database.prepare<[], StoreState>(
    `SELECT generation, max(next_id - 1, (SELECT coalesce(max(id), 0) FROM rows)) AS lastId FROM segment`,
  );
  const selectFirstId = database
    .prepare<[], number>("SELECT coalesce((SELECT min(id) FROM rows), next_id) FROM segment")
    .pluck();
  const selectAfter = database
    .prepare<[number, number], [number, number | null, number | null]>(
      "SELECT id, observed_us, value FROM rows WHERE id > ? ORDER BY id LIMIT +?",
    )
    .raw();
  const selectSeconds = database.prepare<[number, number, number], SecondSummary>(
    `SELECT observed_us / 1000000 AS second, count(*) AS count, sum(value) AS sum,
            min(value) AS min, max(value) AS max
     FROM rows WHERE id > ? AND id <= ? AND value IS NOT NULL AND observed_us >= ?
     GROUP BY second`,
  );
  const selectSpan = database.prepare<[number, number, number], SpanSummary>(
    `SELECT count(*) AS count, avg(value) AS average, min(value) AS min, max(value) AS max,
            avg(abs(value)) AS magnitude
     FROM rows WHERE id <= ? AND value IS NOT NULL AND observed_us >= ? AND observed_us < ?`,
  );

  // From here on the caller closes it.
  const opened = opening.move();
  return {
    ...watchFile(database, { file, ino }),
    state: (): StoreState => selectState.get() as StoreState,
    /** The id of the oldest row that is there; the next id to come when there is none. */
    firstId: (): number => selectFirstId.get() as number,
    /**
     * Reads rows with `id > afterId`, at most `limit`.
     *
     * @returns the id of the last row, rejected ones included, and whether the limit ended the reading.
     */
    readAfter(afterId: number, limit: number) {
      const rows = selectAfter.all(afterId, limit);
      const readings: { observedUs: number; value: number }[] = [];
      for (const [, observedUs, value] of rows) {
        if (observedUs !== null && value !== null) readings.push({ observedUs, value });
      }
      return { lastId: rows.at(-1)?.[0] ?? afterId, more: rows.length === limit, readings };
    },
    /** Per second, the readings of the rows with `afterId < id <= throughId` observed after `afterSecond`. */
    summarizeSeconds: (span: { afterId: number; throughId: number; afterSecond: number }) =>
      selectSeconds.all(span.afterId, span.throughId, (span.afterSecond + 1) * 1_000_000),
    /** SQL's own aggregates over the rows with `id <= throughId` observed in the seconds `from..to`. */
    summarizeSpan: (span: { throughId: number; from: number; to: number }): SpanSummary =>
      // An aggregate has a row even where it counted none.
      selectSpan.get(
        span.throughId,
        span.from * 1_000_000,
        (span.to + 1) * 1_000_000,
      ) as SpanSummary,
    /** What of each outbox is stored. */
    ledger: prepareLedgerReader(database),
    [Symbol.dispose]: (): void => opened.dispose(),
  };
}

/** One line of the ledger, for people and audits. Times in microseconds since the epoch. */
export interface LedgerLine {
  publisher: string;
  epoch: string;
  topic: string;
  account: Account;
  received: number;
  duplicates: number;
  filtered: number;
  lastReceivedUs: number;
}

/** What remains of the lines of a publisher that the ledger has forgotten. */
export interface ForgottenCounts {
  epochs: number;
  received: number;
  filtered: number;
  /** Messages that had not arrived when their line was forgotten. */
  missing: number;
}

export type LedgerReader = ReturnType<typeof prepareLedgerReader>;

/**
 * Reads the ledger publisher by publisher: it may have millions of lines, but of one publisher no more
 * than twice `entriesPerPublisherMax`.
 */
function prepareLedgerReader(database: Database) {
  const selectPublishers = database
    .prepare<[], string>("SELECT DISTINCT publisher FROM ledger ORDER BY publisher")
    .pluck();
  const selectLines = database.prepare<
    [string],
    Omit<LedgerLine, "account"> & { through: number; ranges: string }
  >(
    `SELECT publisher, epoch, topics.topic, through, ranges, received, duplicates, filtered,
            last_received_us AS lastReceivedUs
     FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = +? ORDER BY last_received_us DESC`,
  );
  const selectForgotten = database.prepare<[], ForgottenCounts & { publisher: string }>(
    "SELECT publisher, epochs, received, filtered, missing FROM ledger_totals",
  );
  const selectUnsequenced = database
    .prepare<[], number>("SELECT received FROM ledger_totals WHERE publisher = ''")
    .pluck();

  return {
    publishers: (): string[] => selectPublishers.all(),
    /** The newest epoch first. */
    lines: (publisher: string): LedgerLine[] =>
      selectLines.all(publisher).map(({ through, ranges, ...line }) => ({
        ...line,
        account: accountOf({ through, ranges }),
      })),
    forgotten: (): Map<string, ForgottenCounts> =>
      new Map(selectForgotten.all().map(({ publisher, ...counts }) => [publisher, counts])),
    /** Messages of publishers without an outbox. */
    unsequenced: (): number => selectUnsequenced.get() ?? 0,
  };
}
