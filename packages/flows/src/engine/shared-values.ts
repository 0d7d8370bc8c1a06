import type { StoredValues } from "../node/node.ts";

/** Values that all workflows share. */
const VALUES_MAX = 10_000;

export interface StoredValue {
  name: string;
  value: unknown;
}

/** The values that all workflows share, and which have changed since the last commit. */
export class SharedValues implements StoredValues {
  readonly #values: Map<string, unknown>;
  readonly #changed = new Set<string>();

  constructor(kept: Iterable<StoredValue>) {
    this.#values = new Map(Array.from(kept, ({ name, value }) => [name, value]));
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }

  set(name: string, value: unknown): boolean {
    if (!this.#values.has(name) && this.#values.size >= VALUES_MAX) return false;
    this.#values.set(name, value);
    this.#changed.add(name);
    return true;
  }

  takeChanges(): StoredValue[] {
    const changes = Array.from(this.#changed, (name) => ({ name, value: this.get(name) ?? null }));
    this.#changed.clear();
    return changes;
  }
}
