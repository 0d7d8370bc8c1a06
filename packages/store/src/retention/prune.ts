import { WINDOW_SECONDS_MAX } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import { mayHaveHiddenRows } from "../deletion/hidden-rows.ts";
import { emptyLog, relaxSync } from "../segment/segment-file.ts";
import {
  bytesToRemove,
  type FileSpace,
  pagesToRelease,
  prepareMeasure,
  type Shortage,
  type SpaceLimits,
  usedBytesOf,
} from "./disk-space.ts";

/** What retention removes in one pass. Times in microseconds since the epoch. */
export interface PruneLimits extends Partial<SpaceLimits> {
  /** Rows received before this are too old. */
  cutoffUs: number;
  /** Rows received after this were written while the clock was wrong. */
  futureUs: number;
  /** Readers may still count rows received since then: the generation rises when one is removed. Default `cutoffUs`. */
  countedFromUs?: number;
  /** At most so many rows are removed. */
  rowsMax: number;
  /** Whether the pass is to end, because a commit waits; called every few milliseconds. Default: never. */
  isOver?: () => boolean;
}

export interface Pruned {
  rows: number;
  /** The pass ended at a limit: there may be more to remove. */
  more: boolean;
}

/**
 * The limits of a pass at a given time.
 *
 * @param options.retentionUs `null`: nothing is too old, and no clock was wrong.
 */
export function pruneLimits(
  options: {
    nowUs: number;
    retentionUs: number | null;
    skewUs: number;
    rowsMax: number;
    isOver?: () => boolean;
  } & Partial<SpaceLimits>,
): PruneLimits {
  const { nowUs, retentionUs, skewUs, ...others } = options;
  return {
    ...others,
    cutoffUs: retentionUs === null ? Number.MIN_SAFE_INTEGER : nowUs - retentionUs,
    futureUs: retentionUs === null ? Number.MAX_SAFE_INTEGER : nowUs + skewUs,
    countedFromUs: nowUs - WINDOW_SECONDS_MAX * 1_000_000 - skewUs,
  };
}

type Pass = PruneLimits & SpaceLimits & { isOver: () => boolean };

// What is done between two looks at the time: a few milliseconds.
const ROWS_PER_TRANSACTION = 2_500;
const PAGES_PER_TRANSACTION = 64;

/**
 * @returns removes rows from the start of the file on, up to the first one that is to stay. On a disk
 * that is short (`shortage` is set), the disk gets back everything that is not needed.
 */
export function preparePrune(
  database: Database,
  file: string,
): (limits: PruneLimits, nextId: number, shortage: Shortage | null) => Pruned {
  const measure = prepareMeasure(database, file);
  let tables: readonly string[] = ["rows"];
  let removeStep = prepareRemove(database, tables);

  /** Rows that a deletion has hidden grow old as the others do. */
  function lookForHidden(): void {
    if (tables.length > 1 || !mayHaveHiddenRows(database)) return;
    tables = ["rows", "hidden_rows"];
    removeStep = prepareRemove(database, tables);
  }

  function removeRows(limits: Pass, nextId: number, measureNow: () => FileSpace): Pruned {
    const { rowsMax, isOver } = limits;
    let rows = 0;
    let more = true;
    while (more && rows < rowsMax && !isOver()) {
      const space = measureNow();
      const removed = removeStep(limits, {
        rowsMax: Math.min(ROWS_PER_TRANSACTION, rowsMax - rows),
        excess: bytesToRemove(space, limits) / usedBytesOf(space),
        nextId,
      });
      rows += removed.rows;
      more = removed.more;
    }
    return { rows, more: more && rows > 0 };
  }

  /** Gives free pages back to the disk. @returns whether there may be more, because `isOver` ended it. */
  function vacuum(limits: Pass, measureNow: () => FileSpace): boolean {
    let pages = Number.POSITIVE_INFINITY;
    while (!limits.isOver()) {
      const space = measureNow();
      const release = Math.min(pagesToRelease(space, limits), PAGES_PER_TRANSACTION);
      // A file that was made without incremental vacuum keeps its free pages.
      if (release === 0 || space.pages >= pages) return false;
      pages = space.pages;
      database.pragma(`incremental_vacuum(${release})`);
    }
    return measureNow().pages < pages;
  }

  return (given, nextId, shortage) => {
    const limits = { bytesMax: null, freeDiskBytesMin: null, isOver: () => false, ...given };
    using _relaxed = relaxSync(database);
    lookForHidden();
    if (shortage === null) {
      const removed = removeRows(limits, nextId, measure);
      vacuum(limits, measure);
      return removed;
    }
    // What the ballast has lent is not free: it is taken back.
    const measureNow = (): FileSpace => {
      const space = measure();
      return { ...space, freeDiskBytes: space.freeDiskBytes - shortage.lentBytes };
    };
    emptyLog(database);
    const removed = removeRows(withOneStep(limits), nextId, measureNow);
    const freeDiskBytesMin = Math.max(limits.freeDiskBytesMin ?? 0, shortage.freeBytesMin);
    const hasMorePages = vacuum(withOneStep({ ...limits, freeDiskBytesMin }), measureNow);
    emptyLog(database);
    return { rows: removed.rows, more: removed.more || hasMorePages };
  };
}

/** Allows one step in any case, so that a slow machine makes progress, too. */
function withOneStep(limits: Pass): Pass {
  let isFirst = true;
  const isOver = (): boolean => {
    if (!isFirst) return limits.isOver();
    isFirst = false;
    return false;
  };
  return { ...limits, isOver };
}

/**
 * @returns removes rows from the start of the file on, in one transaction: those that are too old or from
 * a wrong clock, and as large a part of all rows as `excess` says.
 *
 * @param tables those that have rows.
 */
function prepareRemove(
  database: Database,
  tables: readonly string[],
): (limits: PruneLimits, step: { rowsMax: number; excess: number; nextId: number }) => Pruned {
  const ofEach = (select: (table: string) => string): string =>
    tables.map(select).join(" UNION ALL ");
  const selectExtent = database.prepare<[], { first: number | null; newest: number | null }>(
    `SELECT min(first) AS first, max(newest) AS newest FROM (${ofEach(
      (table) =>
        `SELECT (SELECT min(id) FROM ${table}) AS first, (SELECT max(id) FROM ${table}) AS newest`,
    )})`,
  );
  // Ends at the first row that is to stay: nearly always the first row of all.
  const selectKept = database
    .prepare<[{ last: number; cutoffUs: number; futureUs: number }], number | null>(
      `SELECT min(id) FROM (${ofEach(
        (table) =>
          `SELECT * FROM (SELECT id FROM ${table}
           WHERE id <= @last AND received_us BETWEEN @cutoffUs AND @futureUs ORDER BY id LIMIT 1)`,
      )})`,
    )
    .pluck();
  const isCounted = database
    .prepare<[number, number, number], number>(
      "SELECT EXISTS (SELECT 1 FROM rows WHERE id <= ? AND (received_us > ? OR received_us >= ?))",
    )
    .pluck();
  const removals = tables.map((table) =>
    database.prepare<[number]>(`DELETE FROM ${table} WHERE id <= ?`),
  );
  // Numbers of topics have gaps only where lines that were not listed were removed.
  const mayHaveUnlisted = database
    .prepare<[], number>(
      "SELECT coalesce(max(id), 0) > (SELECT count(*) FROM topics WHERE listed = 1) FROM topics",
    )
    .pluck();
  // Messages of one topic that follow each other share a line: the first row that stays may be one.
  const removeUnlisted = database.prepare<[{ lastId: number }]>(
    `DELETE FROM topics WHERE listed = 0
       AND id IN (${ofEach((table) => `SELECT topic_id FROM ${table} WHERE id <= @lastId`)})
       ${tables
         .map(
           (table) =>
             `AND id NOT IN (SELECT topic_id FROM ${table} WHERE id > @lastId ORDER BY id LIMIT 1)`,
         )
         .join(" ")}`,
  );
  const raise = database.prepare<[number, number]>(
    "UPDATE segment SET next_id = ?, generation = generation + ?",
  );

  const removeThrough = database.transaction(
    (lastId: number, nextId: number, { futureUs, countedFromUs, cutoffUs }: PruneLimits) => {
      // Rows from a wrong clock may lie inside the window of their own time, rows that are removed for lack
      // of space inside a present one: readers must start over.
      const counted = isCounted.get(lastId, futureUs, countedFromUs ?? cutoffUs) as number;
      raise.run(nextId, counted);
      if (mayHaveUnlisted.get() === 1) removeUnlisted.run({ lastId });
      return removals.reduce((rows, remove) => rows + remove.run(lastId).changes, 0);
    },
  );

  return (limits, { rowsMax, excess, nextId }) => {
    const { first = null, newest = null } = selectExtent.get() ?? {};
    if (first === null || newest === null) return { rows: 0, more: false };
    // The last row that one step may look at.
    const last = Math.min(newest, first + rowsMax - 1);
    const { cutoffUs, futureUs } = limits;
    const kept = selectKept.get({ last, cutoffUs, futureUs }) ?? null;
    const tooMany = Math.ceil(excess * (newest - first + 1));
    const lastTooOld = kept === null ? last : kept - 1;
    const lastToGo = Math.max(lastTooOld, Math.min(first + tooMany - 1, last));
    if (lastToGo < first) return { rows: 0, more: false };
    return {
      rows: removeThrough.immediate(lastToGo, nextId, limits),
      more: lastToGo === last && last < newest,
    };
  };
}
