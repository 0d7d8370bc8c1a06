import type { Database } from "better-sqlite3";
import type { Shortage } from "./ballast.ts";
import { emptyLog, prepareGiveBack } from "./give-back.ts";
import type { Pruned, PruneLimits } from "./prune-limits.ts";
import { prepareRemove } from "./remove-rows.ts";
import {
  bytesToRemove,
  lessFree,
  type MeasureRoom,
  prepareMeasure,
  type Room,
  usedBytesOf,
} from "./room.ts";

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
