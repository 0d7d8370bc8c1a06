/** A place in a stream: a segment's name and a row's id. Segments are in order when their names are. */
export interface Position {
  segment: string;
  id: number;
}

/** Something that a family keeps of earlier messages: plain JSON. */
export type Remembered = Readonly<Record<string, unknown>>;

/** A thing remembered, from a row on. */
export interface Version {
  key: string;
  position: Position;
  content: Remembered;
}

/** Negative when `one` comes before `other`. */
export function comparePositions(one: Position, other: Position): number {
  if (one.segment !== other.segment) return one.segment < other.segment ? -1 : 1;
  return one.id - other.id;
}

/** What a family sees of the memory while it reads one message. */
export interface Memory {
  /** What was remembered under this key before this message; `undefined` for nothing. */
  get(key: string): Remembered | undefined;
  /** Remembers something from this message on. */
  set(key: string, content: Remembered): void;
}

/** Things remembered at most; what comes beyond is not remembered. */
const KEYS_MAX = 10_000;

/**
 * What the families of one stream remember: aliases and births. It keeps each version with the row that brought
 * it, so that a reading of the same rows later gives the same points wherever it begins.
 */
export class StreamMemory {
  readonly #versions = new Map<string, Version[]>();
  readonly #onRemembered: (version: Version) => void;
  /** How often something could not be remembered. */
  refused = 0;

  /** @param options `saved`: what was remembered before. `onRemembered` gets each new version, to save it. */
  constructor(options: { saved: Iterable<Version>; onRemembered: (version: Version) => void }) {
    this.#onRemembered = options.onRemembered;
    for (const version of options.saved) this.#insert(version);
  }

  /** The memory as it was when the row at a position came. */
  at(position: Position): Memory {
    return new MemoryAt(this, position);
  }

  /** What was remembered last under this key, up to a position. */
  find(key: string, position: Position): Version | undefined {
    const versions = this.#versions.get(key);
    return versions?.findLast((version) => comparePositions(version.position, position) <= 0);
  }

  remember(version: Version): void {
    const before = this.find(version.key, version.position);
    // A birth that repeats the last one adds nothing, nor does a row that is read again.
    if (before !== undefined && sameContent(before.content, version.content)) return;
    if (!this.#versions.has(version.key) && this.#versions.size >= KEYS_MAX) {
      this.refused += 1;
      return;
    }
    this.#insert(version);
    this.#onRemembered(version);
  }

  #insert(version: Version): void {
    const versions = this.#versions.get(version.key);
    if (versions === undefined) {
      this.#versions.set(version.key, [version]);
      return;
    }
    const index = versions.findLastIndex(
      (other) => comparePositions(other.position, version.position) <= 0,
    );
    versions.splice(index + 1, 0, version);
  }
}

/** Every row has one: a class takes less than closures. */
class MemoryAt implements Memory {
  readonly #memory: StreamMemory;
  readonly #position: Position;

  constructor(memory: StreamMemory, position: Position) {
    this.#memory = memory;
    this.#position = position;
  }

  get(key: string): Remembered | undefined {
    return this.#memory.find(key, this.#position)?.content;
  }

  set(key: string, content: Remembered): void {
    this.#memory.remember({ key, position: this.#position, content });
  }
}

function sameContent(one: Remembered, other: Remembered): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
