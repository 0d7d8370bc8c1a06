import type { Database } from "better-sqlite3";

/** What retention removes in one pass. Times in microseconds since the epoch. */
export interface PruneLimits {
  /** Rows received before this are too old. */
  cutoffUs: number;
  /** Rows received after this were written while the clock was wrong. */
  futureUs: number;
  /** At most so many rows are removed. */
  rowsMax: number;
}

export interface Pruned {
  rows: number;
  /** The pass ended at `rowsMax`: there may be more to remove. */
  more: boolean;
}

/** The limits of a pass at a given time. */
export function pruneLimits(options: {
  nowUs: number;
  retentionUs: number;
  skewUs: number;
  rowsMax: number;
}): PruneLimits {
  const { nowUs, retentionUs, skewUs, rowsMax } = options;
  return { cutoffUs: nowUs - retentionUs, futureUs: nowUs + skewUs, rowsMax };
}

/** Removes rows from the start of the file on, up to the first one that is to stay. */
export type Prune = (limits: PruneLimits, nextId: number) => Pruned;

const VACUUM_PAGES_MAX = 2_000;

interface Scan {
  /** The first row of the file. */
  first: number | null;
  /** The last row that one pass may look at. */
  last: number | null;
  /** The first row that is to stay, if it is among them. */
  kept: number | null;
}

export function preparePrune(database: Database): Prune {
  const scan = database.prepare<PruneLimits, Scan>(`
    WITH oldest AS MATERIALIZED (SELECT id, received_us FROM rows ORDER BY id LIMIT @rowsMax)
    SELECT min(id) AS first, max(id) AS last,
           min(CASE WHEN received_us BETWEEN @cutoffUs AND @futureUs THEN id END) AS kept
    FROM oldest`);
  const hasWrongClock = database
    .prepare<[number, number], number>(
      "SELECT EXISTS (SELECT 1 FROM rows WHERE id <= ? AND received_us > ?)",
    )
    .pluck();
  const remove = database.prepare<[number]>("DELETE FROM rows WHERE id <= ?");
  const raise = database.prepare<[number, number]>(
    "UPDATE segment SET next_id = ?, generation = generation + ?",
  );

  const removeThrough = database.transaction((lastId: number, futureUs: number, nextId: number) => {
    // Rows from a wrong clock may lie inside a window of their own time: readers must look again.
    raise.run(nextId, hasWrongClock.get(lastId, futureUs) as number);
    return remove.run(lastId).changes;
  });

  return (limits, nextId) => {
    const { first, last, kept } = scan.get(limits) as Scan;
    if (first === null || last === null || kept === first) return { rows: 0, more: false };
    const rows = removeThrough.immediate(kept === null ? last : kept - 1, limits.futureUs, nextId);
    database.pragma(`incremental_vacuum(${VACUUM_PAGES_MAX})`);
    return { rows, more: rows >= limits.rowsMax };
  };
}
