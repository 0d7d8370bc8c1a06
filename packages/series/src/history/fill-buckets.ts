import { type Cell, HOUR_US, hourOf, type Span } from "../buckets/cells.ts";
import { bucketAt } from "../buckets/edges.ts";
import type { PartialBuckets } from "../buckets/partial-buckets.ts";
import type { StoredHours } from "../points/stored-hours.ts";
import type { CollectedPart } from "./collector.ts";

const NO_CELLS: readonly Cell[] = [];

interface Stored {
  hours: StoredHours;
  /** The beginning of the first hour of which all points are kept; of those before there are parts only. */
  keptFromUs: number;
}

/**
 * Puts parts into the buckets between `edges`, each in the order of time. Where that takes the points of a span, it
 * gives that span: they have to be put in before it goes on.
 *
 * @param collected in the order of time, each behind the stored points of its cell, unless it is sorted: then these
 * are in it.
 */
export function* fillBuckets(
  buckets: PartialBuckets,
  { hours, keptFromUs }: Stored,
  collected: readonly CollectedPart[],
  edges: readonly number[],
): Generator<Span, void, void> {
  let next = 0;
  const addCollectedBefore = (us: number): void => {
    for (; next < collected.length; next += 1) {
      const { cell, partial } = collected[next] as CollectedPart;
      if (cell.fromUs >= us) return;
      buckets.addPartial(cell.bucket, partial);
    }
  };
  const sorted = collected.filter(({ isSorted }) => isSorted).map(({ cell }) => cell);
  const sortedByHour = Map.groupBy(sorted, ({ fromUs }) => hourOf(fromUs));
  let guess = 0;
  for (let place = hours.start; place < hours.end; place += 1) {
    const fromUs = hours.fromUsAt(place);
    if (Number.isNaN(fromUs)) continue;
    // Those of the same hour come behind it, in whichever of its cells they are.
    addCollectedBefore(fromUs);
    const cells = sortedByHour.size === 0 ? NO_CELLS : (sortedByHour.get(fromUs) ?? NO_CELLS);
    // Where its points are gone, all of the hour counts for the bucket in which it begins.
    const bucket =
      fromUs < keptFromUs ? bucketAt(edges, fromUs) : onlyBucketOf(hours, place, edges, guess);
    if (bucket === null) {
      yield* spansWithout(cells, spanOf(fromUs, edges));
    } else if (bucket >= 0 && bucket < edges.length - 1) {
      guess = bucket;
      if (!hasBucket(cells, bucket)) buckets.addFrom(bucket, hours.partials, place);
    }
  }
  addCollectedBefore(Number.POSITIVE_INFINITY);
}

function hasBucket(cells: readonly Cell[], bucket: number): boolean {
  return cells.length > 0 && cells.some((cell) => cell.bucket === bucket);
}

/**
 * The bucket with all points of an hour; `null` for several.
 *
 * @param guess it is likely this one, or the next.
 */
function onlyBucketOf(
  { partials }: StoredHours,
  place: number,
  edges: readonly number[],
  guess: number,
): number | null {
  const firstUs = partials.firstUsAt(place);
  const lastUs = partials.lastUsAt(place);
  for (let bucket = guess; bucket <= guess + 1; bucket += 1) {
    if (firstUs >= (edges[bucket] ?? Infinity) && lastUs < (edges[bucket + 1] ?? -Infinity)) {
      return bucket;
    }
  }
  const bucket = bucketAt(edges, firstUs);
  return bucketAt(edges, lastUs) === bucket ? bucket : null;
}

/** The part of an hour that lies between the edges. */
function spanOf(fromUs: number, edges: readonly number[]): Span {
  return {
    fromUs: Math.max(fromUs, edges[0] as number),
    toUs: Math.min(fromUs + HOUR_US, edges.at(-1) as number),
  };
}

/** What is left of a span without some of its cells, which are in the order of time. */
function spansWithout(cells: readonly Cell[], { fromUs, toUs }: Span): Span[] {
  const begins = [fromUs, ...cells.map((cell) => cell.toUs)];
  const ends = [...cells.map((cell) => cell.fromUs), toUs];
  return begins
    .map((begin, index) => ({ fromUs: begin, toUs: ends[index] as number }))
    .filter((span) => span.fromUs < span.toUs);
}
