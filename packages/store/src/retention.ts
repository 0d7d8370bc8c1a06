import { WINDOW_SECONDS_MAX } from "@weir/messages";
import type { Database } from "better-sqlite3";
import type { Shortage } from "./ballast.ts";
import { emptyLog, prepareGiveBack } from "./give-back.ts";
import {
  bytesToRemove,
  lessFree,
  type MeasureRoom,
  prepareMeasure,
  type Room,
  type RoomLimits,
  usedBytesOf,
} from "./room.ts";

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

/**
 * Removes rows from the start of the file on, up to the first one that is to stay.
 *
 * @param shortage set on a disk that is short: then it gets back all that is not needed.
 */
export type Prune = (limits: PruneLimits, nextId: number, shortage: Shortage | null) => Pruned;

// What is done between two looks at the time: a few milliseconds.
const ROWS_PER_TRANSACTION = 2_500;

export function preparePrune(database: Database, file: string): Prune {
  const measure = prepareMeasure(database, file);
  const giveBack = prepareGiveBack(database);
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
      giveBack({ bytesMax, freeDiskBytesMin }, measure, isOver);
      return removed;
    }
    // What the ballast has lent is not free: it is taken back.
    const measureNow = (): Room => lessFree(measure(), shortage.lentBytes);
    const freeBytesMin = Math.max(freeDiskBytesMin ?? 0, shortage.freeBytesMin);
    emptyLog(database);
    const removed = removeRows({ ...limits, isOver: afterOneStep(isOver) }, nextId, measureNow);
    const given = giveBack(
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

/** A step of a pass. */
interface Step {
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

function prepareRemove(database: Database): (limits: PruneLimits, step: Step) => Pruned {
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
  const raise = database.prepare<[number, number]>(
    "UPDATE segment SET next_id = ?, generation = generation + ?",
  );

  const removeThrough = database.transaction(
    (lastId: number, nextId: number, { futureUs, countedFromUs, cutoffUs }: PruneLimits) => {
      // Rows from a wrong clock may lie inside a window of their own time, rows that went for want of
      // room inside one of ours: readers must look again.
      const counted = isCounted.get(lastId, futureUs, countedFromUs ?? cutoffUs) as number;
      raise.run(nextId, counted);
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
