import type { StoredHour } from "../points/stored-points.ts";
import { type Cell, HOUR_US, hourOf, type Span } from "./cells.ts";
import type { CollectedPart } from "./collector.ts";
import { bucketAt } from "./edges.ts";
import type { PartialBucket } from "./partial.ts";

/** What of an answer comes next: the part of a bucket, or points that have to be read. */
export type Piece =
  | { kind: "part"; bucket: number; partial: PartialBucket }
  | { kind: "points"; span: Span };

interface Stored {
  hours: readonly StoredHour[];
  /** The beginning of the first hour of which all points are kept; of those before there are parts only. */
  keptFromUs: number;
}

/**
 * What the buckets between `edges` are put together from. The pieces of a bucket are in the order of time.
 *
 * @param collected in the order of time, each behind the stored points of its cell, unless it is sorted: then these
 * are in it.
 */
export function piecesOf(
  { hours, keptFromUs }: Stored,
  collected: readonly CollectedPart[],
  edges: readonly number[],
): Piece[] {
  const pieces: Piece[] = [];
  let next = 0;
  const addCollectedBefore = (us: number): void => {
    for (; next < collected.length; next += 1) {
      const { cell, partial } = collected[next] as CollectedPart;
      if (cell.fromUs >= us) return;
      pieces.push({ kind: "part", bucket: cell.bucket, partial });
    }
  };
  const sorted = collected.filter(({ isSorted }) => isSorted).map(({ cell }) => cell);
  const sortedByHour = Map.groupBy(sorted, ({ fromUs }) => hourOf(fromUs));
  let guess = 0;
  for (const hour of hours) {
    // Those of the same hour come behind it, in whichever of its cells they are.
    addCollectedBefore(hour.fromUs);
    const cells = sortedByHour.get(hour.fromUs) ?? [];
    const bucket = onlyBucketOf(hour, { edges, keptFromUs, guess });
    if (bucket === null) {
      for (const span of spansWithout(cells, spanOf(hour, edges))) {
        pieces.push({ kind: "points", span });
      }
    } else if (bucket >= 0 && bucket < edges.length - 1) {
      guess = bucket;
      const { partial } = hour;
      if (cells.every((cell) => cell.bucket !== bucket)) {
        pieces.push({ kind: "part", bucket, partial });
      }
    }
  }
  addCollectedBefore(Number.POSITIVE_INFINITY);
  return pieces;
}

/**
 * The bucket with all points of an hour; `null` for several.
 *
 * @param guess a bucket that is likely.
 */
function onlyBucketOf(
  { fromUs, partial: { first, last } }: StoredHour,
  { edges, keptFromUs, guess }: { edges: readonly number[]; keptFromUs: number; guess: number },
): number | null {
  // Where its points are gone, all of the hour counts for the bucket in which it begins.
  if (fromUs < keptFromUs) return bucketAt(edges, fromUs);
  if (first.us >= (edges[guess] as number) && last.us < (edges[guess + 1] as number)) return guess;
  const bucket = bucketAt(edges, first.us);
  return bucketAt(edges, last.us) === bucket ? bucket : null;
}

/** The part of an hour that lies between the edges. */
function spanOf({ fromUs }: StoredHour, edges: readonly number[]): Span {
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
