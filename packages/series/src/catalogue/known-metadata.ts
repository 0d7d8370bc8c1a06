import type { Path } from "../reading/path.ts";
import type { About, Metadata } from "../reading/reading.ts";

/** Sources that give way to all others, and those that win over all others, by the name of the family. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ["home-assistant", -1],
  ["configuration", 1],
]);

/** Series that something is known of at most; what comes beyond is not kept. */
const SERIES_MAX = 50_000;

/**
 * What is known of series beside their points, of all streams: a description may come on another stream than
 * the points, earlier or later.
 */
export class KnownMetadata {
  readonly #byKey = new Map<string, Map<string, Metadata>>();
  readonly #unsaved = new Set<Metadata>();

  constructor(saved: Iterable<Metadata>) {
    for (const one of saved) this.#put(one);
  }

  /** @returns whether it says something new. */
  take(given: Metadata): boolean {
    const bySource = this.#byKey.get(keyOf(given.topic, given.path));
    const before = bySource?.get(given.source);
    if (before !== undefined && isSame(before.about, given.about)) return false;
    if (bySource === undefined && this.#byKey.size >= SERIES_MAX) return false;
    this.#put(given);
    this.#unsaved.add(given);
    return true;
  }

  /** All that is known of a series: discovery first, configuration last, each later one over the earlier. */
  aboutOf(topic: string, path: Path): About {
    const bySource = this.#byKey.get(keyOf(topic, path));
    if (bySource === undefined) return {};
    const inOrder = [...bySource.values()].toSorted((one, other) => rankOf(one) - rankOf(other));
    return Object.assign({}, ...inOrder.map(({ about }) => withoutGaps(about)));
  }

  /** What is to be saved, since the last `markSaved`. */
  unsaved(): Iterable<Metadata> {
    return this.#unsaved;
  }

  markSaved(): void {
    this.#unsaved.clear();
  }

  #put(given: Metadata): void {
    const key = keyOf(given.topic, given.path);
    const bySource = this.#byKey.get(key) ?? new Map<string, Metadata>();
    bySource.set(given.source, given);
    this.#byKey.set(key, bySource);
  }
}

// No topic holds a "#".
const keyOf = (topic: string, path: Path): string => `${topic}#${path}`;

const rankOf = ({ source }: Metadata): number => RANKS.get(source) ?? 0;

const FIELDS = ["name", "unit", "class", "kind", "device"] as const;

/** A source that says nothing of a field leaves what another one says. */
const withoutGaps = (about: About): About =>
  Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined));

function isSame(one: About, other: About): boolean {
  return FIELDS.every((field) => one[field] === other[field]);
}
