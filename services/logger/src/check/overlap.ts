import type { StreamConfig } from "@weir/streams";
import { filterHolds, filtersOverlap } from "@weir/topics";

/** Storing a message twice may well be wanted; it is said, because its receipt then waits for both. */
export function overlapWarnings(streams: readonly StreamConfig[]): string[] {
  return streams.flatMap((one, index) =>
    streams
      .slice(index + 1)
      .filter((other) => other.broker === one.broker && sharesTopics(one, other))
      .map(
        (other) => `streams.${one.name} and streams.${other.name} share topics: both store these`,
      ),
  );
}

function sharesTopics(one: StreamConfig, other: StreamConfig): boolean {
  const excluded = [...one.exclude, ...other.exclude];
  // A pair is apart when one of the two is left out as a whole; what is left out in part may still meet.
  const isLeftOut = (filter: string) => excluded.some((outer) => filterHolds(outer, filter));
  const kept = one.filters.filter((filter) => !isLeftOut(filter));
  const others = other.filters.filter((filter) => !isLeftOut(filter));
  return kept.some((filter) => others.some((another) => filtersOverlap(filter, another)));
}
