import type { Subscription } from "@weir/mqtt";
import { filterHolds, filtersOverlap, matchesFilter } from "@weir/topics";

/** The topics that a stream takes. */
interface Topics {
  filters: readonly string[];
  exclude: readonly string[];
}

/** A stream that takes messages of a session, and since which generation of the session's subscriptions. */
export interface Taker extends Topics {
  since: number;
  /** What it took before; `null` if it took nothing. */
  former: Topics | null;
}

/**
 * The takers of a session by the names of their streams. They tell for whom a retained copy is: a broker
 * sends one because of a SUBSCRIBE, and a stream that took the topic before has had what it says.
 */
export type Takers = Readonly<Record<string, Taker>>;

/** The takers from now on; those whose topics have changed take them since `generation`. */
export function changedTakers(
  streams: readonly ({ name: string } & Topics)[],
  before: Takers,
  generation: number,
): Takers {
  const entries = streams.map(({ name, filters, exclude }): [string, Taker] => {
    const known = Object.hasOwn(before, name) ? (before[name] as Taker) : null;
    if (known === null) return [name, { filters, exclude, since: generation, former: null }];
    const isSame = isEqual(known.filters, filters) && isEqual(known.exclude, exclude);
    if (isSame) return [name, known];
    const former = { filters: known.filters, exclude: known.exclude };
    return [name, { filters, exclude, since: generation, former }];
  });
  return Object.fromEntries(entries);
}

/** Whether the subscriptions to `filter` bring topics that it did not take before. */
export function isNewUnder(filter: string, { filters, exclude, former }: Taker): boolean {
  if (former === null) return filters.some((own) => filtersOverlap(own, filter));
  const isNew = (own: string): boolean =>
    filtersOverlap(own, filter) && !former.filters.some((outer) => filterHolds(outer, own));
  const isLetIn = (left: string): boolean =>
    filtersOverlap(left, filter) && !exclude.some((outer) => filterHolds(outer, left));
  return filters.some(isNew) || former.exclude.some(isLetIn);
}

/** Whether a retained copy of a topic is for this taker, if a subscription of `generation` brings it. */
export function wantsRetained(
  { since, former }: Taker,
  topic: string,
  generation: number,
): boolean {
  return since >= generation && (former === null || !takes(former, topic));
}

/** The newest generation of the subscriptions that bring a topic: retained copies of it came because of these. */
export function generationOf(topic: string, subscriptions: readonly Subscription[]): number {
  return Math.max(
    0,
    ...subscriptions
      .filter(({ filter }) => matchesFilter(filter, topic))
      .map(({ generation = 0 }) => generation),
  );
}

function takes({ filters, exclude }: Topics, topic: string): boolean {
  const isMatched = (filter: string): boolean => matchesFilter(filter, topic);
  return filters.some(isMatched) && !exclude.some(isMatched);
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((filter, index) => filter === other[index]);
}
