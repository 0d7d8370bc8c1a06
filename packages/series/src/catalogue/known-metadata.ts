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
  /** The newest of each series and source, so that it stays small while nothing can be saved. */
  readonly #unsaved = new Map<string, Metadata>();

  constructor(saved: Iterable<Metadata>) {
    for (const one of saved) this.#put(one);
  }

  /** A source that says nothing of a series any more gives its place to others. @returns whether this is news. */
  take(given: Metadata): boolean {
    const key = keyOf(given.topic, given.path);
    const bySource = this.#byKey.get(key);
    if (isSame(bySource?.get(given.source)?.about ?? {}, given.about)) return false;
    if (bySource === undefined && this.#byKey.size >= SERIES_MAX) return false;
    if (isEmpty(given.about)) this.#remove(given);
    else this.#put(given);
    this.#unsaved.set(`${given.source} ${key}`, given);
    return true;
  }

  /** All that is known of a series: discovery first, configuration last, each later one over the earlier. */
  aboutOf(topic: string, path: Path): About {
    const bySource = this.#byKey.get(keyOf(topic, path));
    if (bySource === undefined) return {};
    const inOrder = [...bySource.values()].toSorted((one, other) => rankOf(one) - rankOf(other));
    return Object.assign({}, ...inOrder.map(({ about }) => withoutGaps(about)));
  }

  /** What is to be saved since the last `markSaved`; without anything known where it is to be removed. */
  unsaved(): Iterable<Metadata> {
    return this.#unsaved.values();
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

  #remove({ topic, path, source }: Metadata): void {
    const key = keyOf(topic, path);
    const bySource = this.#byKey.get(key);
    bySource?.delete(source);
    if (bySource?.size === 0) this.#byKey.delete(key);
  }
}

// No topic holds a "#".
const keyOf = (topic: string, path: Path): string => `${topic}#${path}`;

const rankOf = ({ source }: Metadata): number => RANKS.get(source) ?? 0;

const FIELDS = ["name", "unit", "class", "kind", "device"] as const;

/** A source that says nothing of a field leaves what another one says. */
const withoutGaps = (about: About): About =>
  Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined));

/** Whether nothing is known. */
export function isEmpty(about: About): boolean {
  return isSame(about, {});
}

function isSame(one: About, other: About): boolean {
  return FIELDS.every((field) => one[field] === other[field]);
}
