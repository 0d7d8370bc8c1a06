import { WINDOW_SECONDS_MAX } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import {
  bytesToRemove,
  isForWantOfRoom,
  lessFree,
  type MeasureRoom,
  pagesToRelease,
  prepareMeasure,
  type Room,
  type RoomLimits,
  type Shortage,
  usedBytesOf,
} from "./room.ts";

/**
 * Removes rows from the start of the file on, up to the first one that is to stay.
 *
 * @param shortage set on a disk that is short: then it gets back all that is not needed.
 */
type Prune = (limits: PruneLimits, nextId: number, shortage: Shortage | null) => Pruned;

// What is done between two looks at the time: a few milliseconds.
const ROWS_PER_TRANSACTION = 2_500;

export function preparePrune(database: Database, file: string): Prune {
  const measure = prepareMeasure(database, file);
  const incrementalVacuum = prepareIncrementalVacuum(database);
  const remove = prepareRemove(database);

  function removeRows(limits: PruneLimits, nextId: number, measureNow: MeasureRoom): Pruned {
    const { rowsMax, bytesMax = null, freeDiskBytesMin = null, isOver = () => false } = limits;
    let rows = 0;
    let more = true;
    while (more && rows < rowsMax && !isOver()) {
      const room = measureNow();
      const removed = remove(limits, {
        rowsMax: Math.min(ROWS_PER_TRANSACTION, rowsMax - rows),
        bytes: bytesToRemove(room, { bytesMax, freeDiskBytesMin }),
        usedBytes: usedBytesOf(room),
        nextId,
      });
      rows += removed.rows;
      more = removed.more;
    }
    return { rows, more: more && rows > 0 };
  }

  return (limits, nextId, shortage) => {
    const { bytesMax = null, freeDiskBytesMin = null, isOver = () => false } = limits;
    using _relaxed = relaxSync(database);
    if (shortage === null) {
      const removed = removeRows(limits, nextId, measure);
      incrementalVacuum({ bytesMax, freeDiskBytesMin }, measure, isOver);
      return removed;
    }
    // What the ballast has lent is not free: it is taken back.
    const measureNow = (): Room => lessFree(measure(), shortage.lentBytes);
    const freeBytesMin = Math.max(freeDiskBytesMin ?? 0, shortage.freeBytesMin);
    emptyLog(database);
    const removed = removeRows({ ...limits, isOver: afterOneStep(isOver) }, nextId, measureNow);
    const given = incrementalVacuum(
      { bytesMax, freeDiskBytesMin: freeBytesMin },
      measureNow,
      afterOneStep(isOver),
    );
    emptyLog(database);
    return { rows: removed.rows, more: removed.more || given === "some" };
  };
}

/** Lets one step through in any case: a machine that is slow gets on, too. */
function afterOneStep(isOver: () => boolean): () => boolean {
  let isFirst = true;
  return () => {
    if (!isFirst) return isOver();
    isFirst = false;
    return false;
  };
}

/**
 * Spares a pass the wait for the disk: a power cut may bring back what it removed, which is removed
 * again then. What is written after it is as safe as ever.
 */
function relaxSync(database: Database): Disposable {
  const synchronous = database.pragma("synchronous", { simple: true }) as number;
  const normal = 1;
  database.pragma(`synchronous = ${Math.min(synchronous, normal)}`);
  return {
    [Symbol.dispose]: () => void database.pragma(`synchronous = ${synchronous}`),
  };
}

/** What retention removes in one pass. Times in microseconds since the epoch. */
export interface PruneLimits extends Partial<RoomLimits> {
  /** Rows received before this are too old. */
  cutoffUs: number;
  /** Rows received after this were written while the clock was wrong. */
  futureUs: number;
  /** Readers may still count rows received since then: they are told when one goes. Default `cutoffUs`. */
  countedFromUs?: number;
  /** At most so many rows are removed. */
  rowsMax: number;
  /** Asked every few milliseconds whether the pass is to end, for a commit that waits. Default: never. */
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
  } & Partial<RoomLimits>,
): PruneLimits {
  const { nowUs, retentionUs, skewUs, ...others } = options;
  return {
    ...others,
    cutoffUs: retentionUs === null ? Number.MIN_SAFE_INTEGER : nowUs - retentionUs,
    futureUs: retentionUs === null ? Number.MAX_SAFE_INTEGER : nowUs + skewUs,
    countedFromUs: nowUs - WINDOW_SECONDS_MAX * 1_000_000 - skewUs,
  };
}

/** A step of a pass. */
interface RemoveStep {
  rowsMax: number;
  /** What is too much, and what there is, in bytes of the file. */
  bytes: number;
  usedBytes: number;
  nextId: number;
}

/** The first and the last row of the file. */
interface Extent {
  first: number | null;
  newest: number | null;
}

/** Removes rows from the start of the file on, in one transaction. */
type RemoveRows = (limits: PruneLimits, step: RemoveStep) => Pruned;

function prepareRemove(database: Database): RemoveRows {
  const selectExtent = database.prepare<[], Extent>(
    "SELECT (SELECT min(id) FROM rows) AS first, (SELECT max(id) FROM rows) AS newest",
  );
  // Ends at the first row that is to stay: nearly always the first row of all.
  const selectKept = database
    .prepare<[number, number, number], number>(
      "SELECT id FROM rows WHERE id <= ? AND received_us BETWEEN ? AND ? ORDER BY id LIMIT 1",
    )
    .pluck();
  const isCounted = database
    .prepare<[number, number, number], number>(
      "SELECT EXISTS (SELECT 1 FROM rows WHERE id <= ? AND (received_us > ? OR received_us >= ?))",
    )
    .pluck();
  const remove = database.prepare<[number]>("DELETE FROM rows WHERE id <= ?");
  // Numbers of topics have gaps only where lines that were not listed have gone.
  const mayHaveUnlisted = database
    .prepare<[], number>(
      "SELECT coalesce(max(id), 0) > (SELECT count(*) FROM topics WHERE listed = 1) FROM topics",
    )
    .pluck();
  // Messages of one topic that follow each other share a line: the first row that stays may be one.
  const removeUnlisted = database.prepare<[{ lastId: number }]>(
    `DELETE FROM topics WHERE listed = 0
       AND id IN (SELECT topic_id FROM rows WHERE id <= @lastId)
       AND id NOT IN (SELECT topic_id FROM rows WHERE id > @lastId ORDER BY id LIMIT 1)`,
  );
  const raise = database.prepare<[number, number]>(
    "UPDATE segment SET next_id = ?, generation = generation + ?",
  );

  const removeThrough = database.transaction(
    (lastId: number, nextId: number, { futureUs, countedFromUs, cutoffUs }: PruneLimits) => {
      // Rows from a wrong clock may lie inside a window of their own time, rows that went for want of
      // room inside one of ours: readers must look again.
      const counted = isCounted.get(lastId, futureUs, countedFromUs ?? cutoffUs) as number;
      raise.run(nextId, counted);
      if (mayHaveUnlisted.get() === 1) removeUnlisted.run({ lastId });
      return remove.run(lastId).changes;
    },
  );

  return (limits, { rowsMax, bytes, usedBytes, nextId }) => {
    const { cutoffUs, futureUs } = limits;
    const { first, newest } = selectExtent.get() as Extent;
    if (first === null || newest === null) return { rows: 0, more: false };
    // The last row that one step may look at.
    const last = Math.min(newest, first + rowsMax - 1);
    const kept = selectKept.get(last, cutoffUs, futureUs) ?? null;
    const tooMany = Math.ceil((bytes / usedBytes) * (newest - first + 1));
    const lastTooOld = kept === null ? last : kept - 1;
    const lastToGo = Math.max(lastTooOld, Math.min(first + tooMany - 1, last));
    if (lastToGo < first) return { rows: 0, more: false };
    return {
      rows: removeThrough.immediate(lastToGo, nextId, limits),
      more: lastToGo === last && last < newest,
    };
  };
}

/** Gives free pages back to the disk, until `isOver` says so: then it may have been only some. */
type IncrementalVacuum = (
  limits: RoomLimits,
  measure: MeasureRoom,
  isOver: () => boolean,
) => "all" | "some";

// What is done between two looks at the time: a few milliseconds.
const PAGES_PER_TRANSACTION = 64;

function prepareIncrementalVacuum(database: Database): IncrementalVacuum {
  return (limits, measure, isOver) => {
    let pages = Number.POSITIVE_INFINITY;
    while (!isOver()) {
      const room = measure();
      const release = Math.min(pagesToRelease(room, limits), PAGES_PER_TRANSACTION);
      // A file that was made without incremental vacuum keeps its free pages.
      if (release === 0 || room.pages >= pages) return "all";
      pages = room.pages;
      database.pragma(`incremental_vacuum(${release})`);
    }
    return measure().pages < pages ? "some" : "all";
  };
}

/**
 * Brings what the write-ahead log holds into the file, and gives its room back to the disk. Where the
 * file cannot grow for it the log stays: what is to be deleted then fails for want of room by itself.
 * What somebody still reads out of it stays, too: to wait for that would keep commits waiting.
 */
export function emptyLog(database: Database): void {
  const busyMs = database.pragma("busy_timeout", { simple: true }) as number;
  database.pragma("busy_timeout = 0");
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!isForWantOfRoom(error)) throw error;
  } finally {
    database.pragma(`busy_timeout = ${busyMs}`);
  }
}
