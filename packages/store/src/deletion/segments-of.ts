import type { StreamPlace } from "../reading/query.ts";
import { beginsAfter, firstSegment, type Segment, segmentAfter } from "../reading/segments.ts";
import type { DeletedRows } from "./deletion-list.ts";

/**
 * The next segment that may hold rows of a deletion; `null` when there is none (any more).
 *
 * @param doneSegment the name of the one before; `null` to begin.
 */
export function nextSegmentOf(
  place: StreamPlace,
  { fromUs, toUs, through }: DeletedRows,
  doneSegment: string | null,
): Segment | null {
  const next =
    doneSegment === null ? firstSegment(place, fromUs) : segmentAfter(place, doneSegment);
  if (next === null || next.name > through.segment || beginsAfter(next, toUs)) return null;
  return next;
}
