import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "@weir/runtime";
import { isArchived, segmentExists } from "../archive/archive-name.ts";
import { inSegment } from "./ask-segments.ts";
import type { RowPosition, StreamPlace } from "./query.ts";
import { BUSY_MS_MAX, BUSY_PAUSE_MS } from "./read-range.ts";
import { isBusy, type Segment, segmentsOf } from "./segments.ts";

/**
 * How far a stream reaches: its newest segment, the newest id that was given out in it, and when the newest row
 * was received.
 *
 * @returns `null` while nothing is stored, and when the segment cannot be read now.
 */
export function streamEnd(
  place: StreamPlace,
): { segment: string; id: number; receivedUs: number | null } | null {
  const last = segmentsOf(place).at(-1);
  if (last === undefined) return null;
  try {
    const end = endOf(last);
    return end && { segment: last.name, id: end.id, receivedUs: end.receivedUs };
  } catch (error) {
    if (isBusyFault(error)) return null;
    throw error;
  }
}

/**
 * The last row of a stream at this moment: `readRange` reads `through` it, and `followStream` goes on `after` it,
 * without a gap and without a row twice. Waits for a segment that another process has to itself.
 *
 * @returns `null` while nothing is stored; id 0 is before the first row of a segment.
 * @throws Fault when the newest segment cannot be read for a reason outside of it.
 */
export async function lastPosition(place: StreamPlace): Promise<RowPosition | null> {
  for (let waitedMs = 0; ; waitedMs += BUSY_PAUSE_MS) {
    try {
      const found = lookForLast(place);
      if (found !== "moved") return found;
    } catch (error) {
      if (!isBusyFault(error) || waitedMs >= BUSY_MS_MAX) throw error;
    }
    await pause(BUSY_PAUSE_MS);
  }
}

function lookForLast(place: StreamPlace): RowPosition | null | "moved" {
  const segments = segmentsOf(place);
  const newest = segments.at(-1);
  if (newest === undefined) return null;
  const end = endOf(newest);
  if (end === null) {
    // What is damaged is skipped by all readers.
    return segmentExists(newest.file) ? { segment: newest.name, id: 0 } : "moved";
  }
  const before = segments.at(-2);
  if (end.receivedUs === null && before !== undefined && !isArchived(before.file)) {
    // A rotation that fails is undone: until the segment before it is sealed, that one may go on.
    const earlier = endOf(before);
    if (earlier !== null && earlier.isSealed === 0) return { segment: before.name, id: earlier.id };
  }
  return { segment: newest.name, id: end.id };
}

interface SegmentEnd {
  id: number;
  receivedUs: number | null;
  /** As SQLite has it: 0 or 1. */
  isSealed: number;
}

/** @returns `null` for a segment that is damaged or was just removed. @throws Fault */
function endOf(segment: Segment): SegmentEnd | null {
  // Of an archive no row group but the last one may matter.
  const end = inSegment(segment, { lastGroups: 1 }, (database) =>
    database.prepare<[], SegmentEnd>(END).get(),
  );
  return end ?? null;
}

const END = `
SELECT max(next_id - 1, (SELECT coalesce(max(id), 0) FROM rows)) AS id,
       (SELECT received_us FROM rows ORDER BY id DESC LIMIT 1) AS receivedUs,
       EXISTS (SELECT 1 FROM sealed) AS isSealed
FROM segment`;

function isBusyFault(error: unknown): boolean {
  return error instanceof Fault && isBusy(error.cause);
}
