import { createTopicMatcher } from "@weir/protocol";
import type { Erasure, PointsStore } from "@weir/series";
import { type Deletion, DeletionWatch } from "@weir/store";

/** Which points deletions remove for good: those whose rows are gone. Each is done once. */
export class Erasures {
  readonly #points: PointsStore;
  readonly #deletions: DeletionWatch;
  readonly #done: Set<string>;

  /** @throws what SQLite throws. */
  constructor(points: PointsStore, deletionsFile: string) {
    this.#points = points;
    this.#deletions = new DeletionWatch(deletionsFile);
    this.#done = new Set(points.erased());
  }

  /** What is to be erased of a stream; `null` for nothing. */
  due(stream: string): { id: string; erasure: Erasure } | null {
    const isDue = (one: Deletion) =>
      one.stream === stream && one.state === "removed" && !this.#done.has(one.id);
    const deletion = this.#deletions.look().find(isDue);
    if (deletion === undefined) return null;
    const { id, filters, fromUs, toUs } = deletion;
    const matches = createTopicMatcher(filters.map((filter) => ({ filter, value: null })));
    const erasure = { matches: (topic: string) => matches(topic).length > 0, fromUs, toUs };
    return { id, erasure };
  }

  /** The points of a deletion are gone. Deletions that the list no longer has are forgotten. */
  done(id: string): void {
    this.#points.noteErased(id, true);
    this.#done.add(id);
    const listed = new Set(this.#deletions.look().map((one) => one.id));
    for (const known of this.#done.difference(listed)) {
      this.#points.noteErased(known, false);
      this.#done.delete(known);
    }
  }
}
