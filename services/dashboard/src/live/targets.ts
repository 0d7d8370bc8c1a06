import type { Path, Reading } from "@weir/series";

/** Series that a page wants points of: the index of each in its question, by topic and path. */
export type WantedSeries = ReadonlyMap<string, ReadonlyMap<Path, number>>;

interface Target<Owner> {
  owner: Owner;
  index: number;
}

/** Who wants which series of a stream. */
export class Targets<Owner> {
  readonly #byTopic = new Map<string, Map<Path, Target<Owner>[]>>();

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  add(wanted: WantedSeries, owner: Owner): void {
    for (const [topic, indexes] of wanted) {
      const paths = this.#byTopic.get(topic) ?? new Map<Path, Target<Owner>[]>();
      this.#byTopic.set(topic, paths);
      for (const [path, index] of indexes) {
        const targets = paths.get(path) ?? [];
        targets.push({ owner, index });
        paths.set(path, targets);
      }
    }
  }

  remove(wanted: WantedSeries, owner: Owner): void {
    for (const [topic, indexes] of wanted) {
      const paths = this.#byTopic.get(topic);
      if (paths === undefined) continue;
      for (const path of indexes.keys()) {
        const left = (paths.get(path) ?? []).filter((target) => target.owner !== owner);
        if (left.length === 0) paths.delete(path);
        else paths.set(path, left);
      }
      if (paths.size === 0) this.#byTopic.delete(topic);
    }
  }

  /** Hands out the points of a reading. @param text the time and the value of a point: the same text for all. */
  deliver(
    { topic, points }: Reading,
    give: (owner: Owner, index: number, text: string) => void,
  ): void {
    const paths = this.#byTopic.get(topic);
    if (paths === undefined) return;
    for (const { path, value, observedUs } of points) {
      const targets = paths.get(path);
      if (targets === undefined) continue;
      const text = `${observedUs / 1_000},${value}`;
      for (const { owner, index } of targets) give(owner, index, text);
    }
  }
}
