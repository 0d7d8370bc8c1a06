import { holds, join, type Levels, normalLevelsOf, overlap } from "./filter.ts";

/** A filter as it is subscribed to. */
export interface FilterQos {
  filter: string;
  qos: 0 | 1;
}

/** The subscriptions that match every topic of some filters. */
interface Cover {
  /** None of them holds another. The highest QoS comes first, since its copy of a message is the better one. */
  subscriptions: FilterQos[];
  /** Whether a topic can belong to two of them. A broker may then send a message twice. */
  overlaps: boolean;
}

interface Entry extends FilterQos {
  levels: Levels;
}

/**
 * The filters that no other one holds, each with the highest QoS of all that it holds. Together they
 * match exactly the topics of the given ones. The work grows with the square of their number.
 */
export function coverOf(filters: readonly FilterQos[]): Cover {
  const entries = filters.map(toEntry);
  const maximal = maximalOf(entries);
  const raised = maximal.map((entry) => ({
    ...entry,
    qos: highestQos(entries.filter(({ levels }) => holds(entry.levels, levels))),
  }));
  return {
    subscriptions: subscriptionsOf(raised),
    overlaps: maximal.some((one, index) =>
      maximal.slice(index + 1).some((other) => overlap(one.levels, other.levels)),
    ),
  };
}

/**
 * The cover for brokers without subscription identifiers: filters that overlap are replaced by the narrowest
 * one that holds both, until no two overlap. It matches the topics of the given filters, and maybe more. The
 * order of the filters does not matter.
 */
export function joinedCoverOf(filters: readonly FilterQos[]): FilterQos[] {
  const apart: Entry[] = [];
  for (const filter of filters) {
    let entry = toEntry(filter);
    const overlapping = () => apart.findIndex(({ levels }) => overlap(levels, entry.levels));
    // The joined filter may overlap further ones.
    for (let index = overlapping(); index !== -1; index = overlapping()) {
      const [other] = apart.splice(index, 1);
      if (other !== undefined) entry = joinEntries(other, entry);
    }
    apart.push(entry);
  }
  return subscriptionsOf(apart);
}

function toEntry({ filter, qos }: FilterQos): Entry {
  return { filter, qos, levels: normalLevelsOf(filter) };
}

function maximalOf(entries: readonly Entry[]): Entry[] {
  let maximal: Entry[] = [];
  for (const entry of entries) {
    if (maximal.some(({ levels }) => holds(levels, entry.levels))) continue;
    maximal = maximal.filter(({ levels }) => !holds(entry.levels, levels));
    maximal.push(entry);
  }
  return maximal;
}

function joinEntries(a: Entry, b: Entry): Entry {
  const levels = join(a.levels, b.levels);
  return { filter: levels.join("/"), qos: highestQos([a, b]), levels };
}

function highestQos(filters: readonly FilterQos[]): 0 | 1 {
  return filters.some(({ qos }) => qos === 1) ? 1 : 0;
}

function subscriptionsOf(entries: readonly Entry[]): FilterQos[] {
  return entries.map(({ filter, qos }) => ({ filter, qos })).sort((a, b) => b.qos - a.qos);
}
