import { foldPoints, merge, type PartialBucket } from "../buckets/partial.ts";
import { mergePoints, type Points, sliceTime } from "../points-file/points.ts";
import { HOUR_US } from "./history-folder.ts";

/** Reads the points of a span of time that are kept already, in the order of time. */
export type ReadBack = (fromUs: number, toUs: number) => Points;

/**
 * Adds points of one day of a series to its hours. Each hour then equals the fold of all of its points. Points behind
 * the last one of their hour are merged; for others the hour is folded again from its points.
 *
 * @param hours by the hour of the day, 0 to 23. It is changed.
 */
export function addToHours(
  hours: Map<number, PartialBucket>,
  { dayUs, points, readBack }: { dayUs: number; points: Points; readBack: ReadBack },
): void {
  const { us } = points;
  for (let fromUs = hourThrough(us[0]); fromUs <= (us.at(-1) as number); ) {
    const toUs = fromUs + HOUR_US;
    const added = sliceTime(points, fromUs, toUs);
    const hour = (fromUs - dayUs) / HOUR_US;
    const partial = addToHour(hours.get(hour) ?? null, added, () => readBack(fromUs, toUs));
    if (partial !== null) hours.set(hour, partial);
    const next = us[us.length - sliceTime(points, toUs, Infinity).us.length];
    if (next === undefined) return;
    fromUs = hourThrough(next);
  }
}

function addToHour(
  kept: PartialBucket | null,
  added: Points,
  readBack: () => Points,
): PartialBucket | null {
  const addedPartial = foldPoints(added);
  if (kept === null || addedPartial === null) return addedPartial ?? kept;
  if (addedPartial.first.us >= kept.last.us) return merge(kept, addedPartial);
  const before = readBack();
  // Points of an hour may be lost: with their file, which was damaged.
  if (before.us.length < kept.count) return mergeUnordered(kept, addedPartial);
  return foldPoints(mergePoints([before, added]));
}

/**
 * Puts two parts together whose points lie among each other. What depends on the order of all points is as good as it
 * can be without them.
 */
function mergeUnordered(kept: PartialBucket, added: PartialBucket): PartialBucket {
  const { increase, transitions, integral } = kept.count >= added.count ? kept : added;
  return {
    count: kept.count + added.count,
    sum: kept.sum + added.sum,
    min: Math.min(kept.min, added.min),
    max: Math.max(kept.max, added.max),
    first: added.first.us < kept.first.us ? added.first : kept.first,
    last: added.last.us >= kept.last.us ? added.last : kept.last,
    increase,
    transitions,
    integral,
  };
}

function hourThrough(us: number | undefined): number {
  return Math.floor((us as number) / HOUR_US) * HOUR_US;
}
