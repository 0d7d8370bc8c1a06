import { existsSync, statSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { type LedgerReader, prepareLedgerReader } from "../ledger/read.ts";
import { APPLICATION_ID, SCHEMA_VERSION, schemaVersion } from "../segment/schema.ts";
import type { StoredReading } from "../segment/segment-writer.ts";

/** Where the file stands, read at one moment. */
export interface StoreState {
  /** Rises when rows vanish that a reader may still count. */
  generation: number;
  /** The newest id that was ever given out. */
  lastId: number;
}

/** A stretch of rows, read in the order of their ids. */
export interface ReadRows {
  /** The id of the last row of the stretch, rejected ones included; the cursor's next value. */
  lastId: number;
  /** Whether the stretch ended because of its limit. */
  more: boolean;
  readings: StoredReading[];
}

/** The readings of one second of observation time. */
export interface SecondSummary {
  second: number;
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** What SQL says of a span of time: the measure that statistics are held to. */
export interface SpanSummary {
  count: number;
  average: number | null;
  min: number | null;
  max: number | null;
  /** The mean of |value|: the scale that rounding is judged by. */
  magnitude: number | null;
}

/** The reading side of a store: any number, in any process, while the logger writes. */
export interface StoreReader extends Disposable {
  /** Whether a commit of another connection came since the last call. Takes about a microsecond. */
  hasChanged(): boolean;
  state(): StoreState;
  /** The id of the oldest row that is there; the next id to come when there is none. */
  firstId(): number;
  /** Rows with `id > afterId`, at most `limit`. */
  readAfter(afterId: number, limit: number): ReadRows;
  /** Per second, the readings of the rows with `afterId < id <= throughId` observed after `afterSecond`. */
  summarizeSeconds(range: {
    afterId: number;
    throughId: number;
    afterSecond: number;
  }): SecondSummary[];
  /** SQL's own aggregates over the rows with `id <= throughId` observed in the seconds `from..to`. */
  summarizeSpan(span: { throughId: number; from: number; to: number }): SpanSummary;
  /** What of each outbox is stored. */
  ledger: LedgerReader;
  /** False when another file has taken the place of the one that is open. */
  isCurrent(): boolean;
}

/**
 * Opens a store for reading, read-only in SQLite; its folder must be writable for this user all the
 * same, because WAL readers share an index file.
 *
 * @returns `null` while there is no store at this path.
 */
export function openReader(file: string): StoreReader | null {
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
      "SELECT id, observed_us, value FROM rows WHERE id > ? ORDER BY id LIMIT ?",
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
  let seenVersion: unknown = null;

  // From here on the caller closes it.
  const opened = opening.move();
  return {
    hasChanged: () => {
      const version = database.pragma("data_version", { simple: true });
      const changed = version !== seenVersion;
      seenVersion = version;
      return changed;
    },
    state: () => selectState.get() as StoreState,
    firstId: () => selectFirstId.get() as number,
    readAfter: (afterId, limit) => {
      const rows = selectAfter.all(afterId, limit);
      const readings: StoredReading[] = [];
      for (const [, observedUs, value] of rows) {
        if (observedUs !== null && value !== null) readings.push({ observedUs, value });
      }
      return { lastId: rows.at(-1)?.[0] ?? afterId, more: rows.length === limit, readings };
    },
    summarizeSeconds: ({ afterId, throughId, afterSecond }) =>
      selectSeconds.all(afterId, throughId, (afterSecond + 1) * 1_000_000),
    summarizeSpan: ({ throughId, from, to }) =>
      selectSpan.get(throughId, from * 1_000_000, (to + 1) * 1_000_000) as SpanSummary,
    ledger: prepareLedgerReader(database),
    isCurrent: () => existsSync(file) && statSync(file).ino === ino,
    [Symbol.dispose]: () => opened.dispose(),
  };
}
