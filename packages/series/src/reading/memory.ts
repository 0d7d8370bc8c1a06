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
  /** The content as it is saved. */
  json: string;
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

/** Keys at most; a further one is not remembered. */
const KEYS_MAX = 10_000;
/** Versions of a key at most; the oldest gives way. Rows before it are read as if it had not come. */
const VERSIONS_MAX = 100;
/** Characters of JSON in all at most; what comes beyond is not remembered. */
const LENGTH_MAX = 32 * 1024 * 1024;

/** What changes of a memory, to be saved. */
export interface MemoryChanges {
  onRemembered: (version: Version) => void;
  onForgotten: (version: Version) => void;
}

/**
 * What the families of one stream remember: aliases and births. It keeps each version with the row that brought
 * it, so that a reading of the same rows later gives the same points wherever it begins.
 */
export class StreamMemory {
  readonly #versions = new Map<string, Version[]>();
  readonly #changes: MemoryChanges | null;
  #length = 0;
  /** How often a limit kept something from being remembered. */
  refused = 0;

  /** @param options `saved`: what was remembered before. `changes` is `null` for a memory that is not saved. */
  constructor(options: { saved: Iterable<Version>; changes: MemoryChanges | null }) {
    this.#changes = options.changes;
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

  remember(key: string, position: Position, content: Remembered): void {
    const json = JSON.stringify(content);
    // A birth that repeats the last one adds nothing, nor does a row that is read again.
    if (this.find(key, position)?.json === json) return;
    const isNew = !this.#versions.has(key);
    if ((isNew && this.#versions.size >= KEYS_MAX) || this.#length + json.length > LENGTH_MAX) {
      this.refused += 1;
      return;
    }
    const version = { key, position, content, json };
    this.#insert(version);
    this.#changes?.onRemembered(version);
  }

  #insert(version: Version): void {
    const versions = this.#versions.get(version.key) ?? [];
    const index = versions.findLastIndex(
      (other) => comparePositions(other.position, version.position) <= 0,
    );
    versions.splice(index + 1, 0, version);
    this.#versions.set(version.key, versions);
    this.#length += version.json.length;
    const oldest = versions.length > VERSIONS_MAX ? versions.shift() : undefined;
    if (oldest === undefined) return;
    this.#length -= oldest.json.length;
    this.#changes?.onForgotten(oldest);
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
    this.#memory.remember(key, this.#position, content);
  }
}
