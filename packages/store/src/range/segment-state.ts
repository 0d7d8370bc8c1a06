import { basename } from "node:path";
import type { Database } from "better-sqlite3";
import type { Extent } from "./time-bounds.ts";

/** Where a segment stands, at one moment. */
export interface SegmentState {
  /** `null` while there is no row in it. */
  extent: Extent | null;
  /** The last id that was ever given out. */
  givenId: number;
  /** The file name of the segment that goes on from here; `null` while this one is written. */
  successor: string | null;
}

interface StateRow {
  firstId: number | null;
  lastId: number | null;
  firstUs: number | null;
  lastUs: number | null;
  floorId: number;
  successor: string | null;
}

/** Two looks at each end of the file, however long it is. */
export function prepareSegmentState(database: Database): () => SegmentState {
  const select = database.prepare<[], StateRow>(`
    SELECT (SELECT min(id) FROM rows) AS firstId,
           (SELECT max(id) FROM rows) AS lastId,
           (SELECT received_us FROM rows ORDER BY id LIMIT 1) AS firstUs,
           (SELECT received_us FROM rows ORDER BY id DESC LIMIT 1) AS lastUs,
           next_id - 1 AS floorId,
           (SELECT successor FROM sealed) AS successor
    FROM segment`);
  return () => {
    // A segment is made with this row in it.
    const { floorId, successor, ...row } = select.get() as StateRow;
    return {
      // All four are there when one is.
      extent: row.lastId === null ? null : (row as Extent),
      givenId: Math.max(floorId, row.lastId ?? 0),
      successor: successor === null ? null : basename(successor),
    };
  };
}
