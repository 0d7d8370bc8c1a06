import { ALL_LEVELS, isReserved, levelsOf, ONE_LEVEL } from "./filter.ts";

interface Found<T> {
  /** The index of the entry, by which the results are sorted. */
  place: number;
  value: T;
}

/** A level of the filters: a tree with a branch for each name and for `+`. */
interface Node<T> {
  named: Map<string, Node<T>>;
  one: Node<T> | null;
  /** The entries whose filters end here. */
  ends: Found<T>[];
  /** The entries whose filters continue with `#`. */
  all: Found<T>[];
}

/**
 * Finds the entries whose filters match a topic [MQTT-4.7], in the order of the entries. A value with
 * several matching filters is found several times. The filters must be valid.
 */
export function createTopicMatcher<T>(
  entries: readonly { filter: string; value: T }[],
): (topic: string) => readonly T[] {
  const root = emptyNode<T>();
  for (const [place, { filter, value }] of entries.entries()) {
    insert(root, levelsOf(filter), { place, value });
  }
  return (topic) =>
    find(root, levelsOf(topic))
      .sort((a, b) => a.place - b.place)
      .map(({ value }) => value);
}

function emptyNode<T>(): Node<T> {
  return { named: new Map(), one: null, ends: [], all: [] };
}

function insert<T>(root: Node<T>, levels: readonly string[], entry: Found<T>): void {
  let node = root;
  for (const level of levels) {
    if (level === ALL_LEVELS) {
      node.all.push(entry);
      return;
    }
    node = childFor(node, level);
  }
  node.ends.push(entry);
}

function childFor<T>(node: Node<T>, level: string): Node<T> {
  if (level === ONE_LEVEL) {
    node.one ??= emptyNode();
    return node.one;
  }
  const known = node.named.get(level);
  if (known !== undefined) return known;
  const made = emptyNode<T>();
  node.named.set(level, made);
  return made;
}

/** Descends level by level with all nodes that still match: without recursion, since topics may be deep. */
function find<T>(root: Node<T>, levels: readonly string[]): Found<T>[] {
  const found: Found<T>[] = [];
  let reached: Node<T>[] = [root];
  for (const [depth, level] of levels.entries()) {
    const isWildcardBlind = depth === 0 && isReserved(level); // [MQTT-4.7.2-1]
    const next: Node<T>[] = [];
    for (const node of reached) {
      const named = node.named.get(level);
      if (named !== undefined) next.push(named);
      if (isWildcardBlind) continue;
      found.push(...node.all);
      if (node.one !== null) next.push(node.one);
    }
    if (next.length === 0) return found;
    reached = next;
  }
  // `#` also stands for no level at all: a/# matches a [MQTT-4.7.1-2 and its examples].
  for (const { ends, all } of reached) found.push(...ends, ...all);
  return found;
}
