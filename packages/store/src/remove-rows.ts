import type { Database } from "better-sqlite3";
import type { Pruned, PruneLimits } from "./prune-limits.ts";

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
export type RemoveRows = (limits: PruneLimits, step: RemoveStep) => Pruned;

export function prepareRemove(database: Database): RemoveRows {
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
