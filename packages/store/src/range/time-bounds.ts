import type { Database } from "better-sqlite3";
import type { Selection } from "./query.ts";

/**
 * How far the clock may have been set back within a stream before a reading that is not thorough may
 * miss rows. Setting it forward costs nothing.
 */
export const CLOCK_STEP_US_MAX = 10 * 60 * 1_000_000;

/** The ids and times of a segment's first and last row. */
export interface Extent {
  firstId: number;
  lastId: number;
  firstUs: number;
  lastUs: number;
}

/** The ids between which all rows of a time range are, both included; `first > last` is none. */
export interface IdRange {
  first: number;
  last: number;
}

/**
 * Finds by bisection where a time range lies in a segment. Rows are in the order of arrival, and so
 * nearly in that of time: a row that is `CLOCK_STEP_US_MAX` older than the range has only rows before
 * it that are older than the range, too, unless the clock was set back by more than that.
 */
export function prepareTimeBounds(
  database: Database,
  { fromUs, toUs, isThorough }: Selection,
): (extent: Extent) => IdRange {
  const rowFrom = database
    .prepare<[number], [number, number]>(
      "SELECT id, received_us FROM rows WHERE id >= ? ORDER BY id LIMIT 1",
    )
    .raw();
  const lowUs = fromUs - CLOCK_STEP_US_MAX;
  const highUs = toUs + CLOCK_STEP_US_MAX;
  // Once found they stay: rows only come behind them, and go in front of them.
  let first: number | null = null;
  let end: number | null = null;

  /** A row of at least this time whose predecessor is older. The last row has at least this time. */
  function bisect(timeUs: number, { firstId, lastId, firstUs }: Extent): number {
    if (firstUs >= timeUs) return firstId;
    let older = firstId;
    let bound = lastId;
    let found = lastId;
    while (bound - older > 1) {
      const middle = older + Math.floor((bound - older) / 2);
      const [id, receivedUs] = rowFrom.get(middle) as [number, number];
      if (receivedUs < timeUs) older = id;
      else {
        found = id;
        bound = middle;
      }
    }
    return found;
  }

  return (extent) => {
    if (isThorough) return { first: extent.firstId, last: extent.lastId };
    if (extent.lastUs < lowUs) return { first: extent.lastId + 1, last: extent.lastId };
    first ??= bisect(lowUs, extent);
    if (extent.lastUs >= highUs) end ??= bisect(highUs, extent);
    return {
      first: Math.max(first, extent.firstId),
      last: end === null ? extent.lastId : end - 1,
    };
  };
}
