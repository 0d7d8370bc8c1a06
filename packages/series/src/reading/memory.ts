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
/** Characters of keys and JSON in all at most; what comes beyond is not remembered. */
const LENGTH_MAX = 32 * 1024 * 1024;

/** Before every row. */
const BEGINNING: Position = { segment: "", id: 0 };

/**
 * What the families of one stream remember: aliases and births. It keeps each version with the row that brought
 * it, so that a reading of the same rows later gives the same points wherever it begins.
 */
export class StreamMemory {
  readonly #versions = new Map<string, Version[]>();
  readonly #remembered = new Set<Version>();
  /** Versions that were saved before. */
  readonly #forgotten = new Set<Version>();
  #length = 0;
  /** How often a limit kept something from being remembered. */
  refused = 0;

  /** @param saved what was remembered before. */
  constructor(saved: Iterable<Version> = []) {
    for (const version of saved) this.#insert(version);
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
    if (
      (isNew && this.#versions.size >= KEYS_MAX) ||
      this.#length + lengthOf({ key, json }) > LENGTH_MAX
    ) {
      this.refused += 1;
      return;
    }
    this.#add({ key, position, content, json });
  }

  /** The stream begins again: the newest version of each thing stays, as known before the first row. */
  rebase(): void {
    const newest = [...this.#versions.values()].flatMap((versions) => versions.slice(-1));
    this.#forgetWhere(() => true);
    for (const version of newest) this.#add({ ...version, position: BEGINNING });
  }

  /** The rows behind a position are no more: what they brought is forgotten. */
  forgetAfter(position: Position): void {
    this.#forgetWhere((version) => comparePositions(version.position, position) > 0);
  }

  /** What is to be saved since the last `markSaved`, after what is forgotten was removed. */
  changes(): { forgotten: Iterable<Version>; remembered: Iterable<Version> } {
    return { forgotten: this.#forgotten, remembered: this.#remembered };
  }

  markSaved(): void {
    this.#forgotten.clear();
    this.#remembered.clear();
  }

  #add(version: Version): void {
    this.#remembered.add(version);
    this.#insert(version);
  }

  #insert(version: Version): void {
    const versions = this.#versions.get(version.key) ?? [];
    const index = versions.findLastIndex(
      (other) => comparePositions(other.position, version.position) <= 0,
    );
    versions.splice(index + 1, 0, version);
    this.#versions.set(version.key, versions);
    this.#length += lengthOf(version);
    const oldest = versions.length > VERSIONS_MAX ? versions.shift() : undefined;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forgetWhere(isGone: (version: Version) => boolean): void {
    for (const [key, versions] of this.#versions) {
      for (const version of versions.filter(isGone)) this.#forget(version);
      const kept = versions.filter((version) => !isGone(version));
      if (kept.length === 0) this.#versions.delete(key);
      else this.#versions.set(key, kept);
    }
  }

  #forget(version: Version): void {
    this.#length -= lengthOf(version);
    if (!this.#remembered.delete(version)) this.#forgotten.add(version);
  }
}

/** A key may hold a topic that a client chose. */
const lengthOf = ({ key, json }: Pick<Version, "key" | "json">): number => key.length + json.length;

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
