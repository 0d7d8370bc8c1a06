import { TOPIC_BYTES_MAX } from "./topics.ts";

/** Matches any one level. */
const ONE_LEVEL = "+";
/** Matches the level before it and everything below. */
const ALL_LEVELS = "#";

/**
 * What keeps a text from being a subscription filter, in words for a user; `null` when it is valid. Shared
 * subscriptions are refused: another member of the group would get a part of the messages.
 */
export function filterProblem(filter: string): string | null {
  if (filter === "") return "a filter needs at least one character"; // [MQTT-4.7.3-1]
  if (filter.includes("\0")) return "a filter has no NUL character"; // [MQTT-4.7.3-2]
  // A lone surrogate cannot be sent as UTF-8 [MQTT-1.5.4-1].
  if (!filter.isWellFormed()) return "a filter is Unicode text, and this has half a character";
  const bytes = Buffer.byteLength(filter);
  if (bytes > TOPIC_BYTES_MAX) {
    return `a filter has at most ${TOPIC_BYTES_MAX} bytes, and this has ${bytes}`; // [MQTT-4.7.3-3]
  }
  const levels = levelsOf(filter);
  if (levels[0] === "$share") {
    return "shared subscriptions ($share/…) would give a part of the messages to others; name the filter alone";
  }
  const joined = levels.find((level) => level.length > 1 && /[+#]/.test(level));
  if (joined !== undefined) {
    // [MQTT-4.7.1-1] and [MQTT-4.7.1-2]
    return `+ and # stand for whole levels, alone between slashes, and ${shorten(joined)} is mixed`;
  }
  const hash = levels.indexOf(ALL_LEVELS);
  if (hash !== -1 && hash !== levels.length - 1) return "# may only be the last level"; // [MQTT-4.7.1-1]
  return null;
}

/**
 * Whether a topic matches a valid filter [MQTT-4.7]. A wildcard at the first level does not match
 * topics that begin with `$` [MQTT-4.7.2-1].
 */
export function matchesFilter(filter: string, topic: string): boolean {
  return matches(levelsOf(filter), levelsOf(topic));
}

function matches(filter: Levels, topic: Levels): boolean {
  if (isBlindTo(filter, topic)) return false;
  for (const [index, level] of filter.entries()) {
    if (level === ALL_LEVELS) return true;
    if (index >= topic.length) return false;
    if (level !== ONE_LEVEL && level !== topic[index]) return false;
  }
  return filter.length === topic.length;
}

/** The parts of a filter or topic between slashes; a leading or trailing slash makes an empty one. */
function levelsOf(text: string): string[] {
  return text.split("/");
}

function isWildcard(level: string | undefined): boolean {
  return level === ONE_LEVEL || level === ALL_LEVELS;
}

/** Whether no wildcard matches this first level: `$SYS` and the like. */
function isReserved(firstLevel: string | undefined): boolean {
  return firstLevel?.startsWith("$") === true;
}

function shorten(level: string): string {
  return JSON.stringify(level.length > 60 ? `${level.slice(0, 60)}…` : level);
}

/** The levels of a topic or of a valid filter. */
type Levels = readonly string[];

/**
 * The levels of a filter, in one form for all filters with the same topics: `+/#` is `#`, since a topic has at
 * least one level, and `/#` is `/+/#`, since none is empty.
 */
function normalLevelsOf(filter: string): Levels {
  return normalise(levelsOf(filter));
}

function normalise(levels: string[]): Levels {
  if (levels.length !== 2 || levels[1] !== ALL_LEVELS) return levels;
  if (levels[0] === ONE_LEVEL) return [ALL_LEVELS];
  return levels[0] === "" ? ["", ONE_LEVEL, ALL_LEVELS] : levels;
}

/** Whether each topic of the valid filter `inner` also matches `outer`. */
export function filterHolds(outer: string, inner: string): boolean {
  return holds(normalLevelsOf(outer), normalLevelsOf(inner));
}

/** Whether a topic can match both of two valid filters. */
export function filtersOverlap(a: string, b: string): boolean {
  return overlap(normalLevelsOf(a), normalLevelsOf(b));
}

/** Whether each topic of `inner` also matches `outer`. */
function holds(outer: Levels, inner: Levels): boolean {
  if (inner.at(-1) !== ALL_LEVELS) return matches(outer, inner);
  // `a/#` matches `a` and everything below it.
  return outer.at(-1) === ALL_LEVELS && matches(outer, inner.slice(0, -1));
}

/** Whether a topic can match both. */
function overlap(a: Levels, b: Levels): boolean {
  if (isBlindTo(a, b) || isBlindTo(b, a)) return false;
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const [one, other] = [a[index], b[index]];
    if (one === ALL_LEVELS || other === ALL_LEVELS) return true;
    if (one !== other && one !== ONE_LEVEL && other !== ONE_LEVEL) return false;
  }
  const rest = a.length > b.length ? a.slice(shared) : b.slice(shared);
  // What is left of the longer one may be a `#` that stands for no level.
  return rest.length === 0 || (rest.length === 1 && rest[0] === ALL_LEVELS);
}

/** The narrowest filter that holds two overlapping ones. */
function join(a: Levels, b: Levels): Levels {
  const joined: string[] = [];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [one, other] = [a[index], b[index]];
    const isOpen = one === undefined || other === undefined;
    if (isOpen || one === ALL_LEVELS || other === ALL_LEVELS) {
      return normalise([...joined, ALL_LEVELS]);
    }
    joined.push(one === other ? one : ONE_LEVEL);
  }
  return joined;
}

/** Whether `filter` has a wildcard where `other` has a `$` topic, which it does not match [MQTT-4.7.2-1]. */
function isBlindTo(filter: Levels, other: Levels): boolean {
  return isWildcard(filter[0]) && isReserved(other[0]);
}

interface Found<T> {
  /** The index of the entry, by which the results are sorted. */
  place: number;
  value: T;
}

/** A level of the filters: a tree with a branch for each name, for `+` and for `#`. */
interface Node<T> {
  branches: Map<string, Node<T>>;
  /** The entries whose filters end here. */
  ends: Found<T>[];
}

/**
 * Finds the entries whose filters match a topic [MQTT-4.7], in the order of the entries. A value with
 * several matching filters is found several times. The filters must be valid.
 */
export function createTopicMatcher<T>(
  entries: readonly { filter: string; value: T }[],
): (topic: string) => readonly T[] {
  const root: Node<T> = { branches: new Map(), ends: [] };
  for (const [place, { filter, value }] of entries.entries()) {
    let node = root;
    for (const level of levelsOf(filter)) {
      const branch = node.branches.get(level) ?? { branches: new Map(), ends: [] };
      node.branches.set(level, branch);
      node = branch;
    }
    node.ends.push({ place, value });
  }
  return (topic) =>
    find(root, levelsOf(topic))
      .sort((a, b) => a.place - b.place)
      .map(({ value }) => value);
}

/** Descends level by level with all nodes that still match: without recursion, since topics may be deep. */
function find<T>(root: Node<T>, levels: Levels): Found<T>[] {
  const found: Found<T>[] = [];
  let reached: Node<T>[] = [root];
  for (const [depth, level] of levels.entries()) {
    const isBlind = depth === 0 && isReserved(level); // [MQTT-4.7.2-1]
    const next: Node<T>[] = [];
    for (const { branches } of reached) {
      // A level of a topic that the standard forbids may look like a wildcard.
      const named = isWildcard(level) ? undefined : branches.get(level);
      if (named !== undefined) next.push(named);
      if (isBlind) continue;
      const all = branches.get(ALL_LEVELS);
      if (all !== undefined) found.push(...all.ends);
      const one = branches.get(ONE_LEVEL);
      if (one !== undefined) next.push(one);
    }
    if (next.length === 0) return found;
    reached = next;
  }
  // `#` also stands for no level at all: a/# matches a [MQTT-4.7.1-2 and its examples].
  for (const { ends, branches } of reached) {
    found.push(...ends, ...(branches.get(ALL_LEVELS)?.ends ?? []));
  }
  return found;
}

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
