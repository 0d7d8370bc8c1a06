import { EXIT_CODES, Fault } from "@weir/runtime";
import { merge, type PartialBucket, partialOf, type Sample } from "./partial.ts";

/** Points that are sorted in memory at once: less than 100 MB. */
const SORTED_POINTS_MAX = 2_000_000;

/** Points in the order of arrival. Two arrays of numbers take a quarter of one of objects. */
interface Arrived {
  us: number[];
  values: number[];
}

/**
 * Puts points that come in any order into the buckets of their series. It keeps one part for each bucket and no
 * points, while those of a bucket come in the order of time. Points of other buckets are read once more and sorted:
 * as many passes as it takes, because only so many are in memory at once.
 *
 * Of points with one time, the order of arrival counts.
 */
export class Collector {
  readonly #edges: readonly number[];
  readonly #sortedMax: number;
  /** One for each bucket of each series. */
  readonly #partials: (PartialBucket | null)[];
  /** The buckets whose points did not come in order, with their number. */
  readonly #unordered = new Map<number, number>();
  /** The points of the buckets that this pass sorts; `null` in the first one. */
  #sorting: Map<number, Arrived> | null = null;

  /** @param edges of the buckets, in order: one more than there are buckets. */
  constructor(seriesCount: number, edges: readonly number[], sortedMax = SORTED_POINTS_MAX) {
    this.#edges = edges;
    this.#sortedMax = sortedMax;
    this.#partials = new Array(seriesCount * (edges.length - 1)).fill(null);
  }

  /** Takes a point; each pass has to bring all of them, in the order of arrival. */
  add(series: number, sample: Sample): void {
    const bucket = this.#bucketOf(sample.us);
    if (bucket === null) return;
    const slot = series * (this.#edges.length - 1) + bucket;
    if (this.#sorting !== null) {
      const arrived = this.#sorting.get(slot);
      arrived?.us.push(sample.us);
      arrived?.values.push(sample.value);
      return;
    }
    const before = this.#partials[slot] ?? null;
    const unordered = this.#unordered.get(slot);
    if (unordered !== undefined) this.#unordered.set(slot, unordered + 1);
    else if (before !== null && sample.us < before.last.us)
      this.#unordered.set(slot, before.count + 1);
    else this.#partials[slot] = merge(before, partialOf(sample));
  }

  /**
   * Ends a pass.
   *
   * @returns whether another one has to follow.
   * @throws Fault for a bucket with more points out of order than can be sorted.
   */
  endPass(): boolean {
    for (const [slot, arrived] of this.#sorting ?? []) {
      this.#partials[slot] = foldInOrder(arrived);
      this.#unordered.delete(slot);
    }
    this.#sorting = new Map();
    let points = 0;
    for (const [slot, count] of this.#unordered) {
      if (count > this.#sortedMax) throw tooManyFault(count);
      points += count;
      if (points > this.#sortedMax) break;
      this.#sorting.set(slot, { us: [], values: [] });
    }
    return this.#sorting.size > 0;
  }

  /** The parts of a series, after the last pass. */
  partialsOf(series: number): (PartialBucket | null)[] {
    const buckets = this.#edges.length - 1;
    return this.#partials.slice(series * buckets, (series + 1) * buckets);
  }

  #bucketOf(us: number): number | null {
    const edges = this.#edges;
    // The bucket is within `low..high`.
    let low = 0;
    let high = edges.length - 2;
    if (us < (edges[0] as number) || us >= (edges.at(-1) as number)) return null;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((edges[middle] as number) <= us) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function foldInOrder({ us, values }: Arrived): PartialBucket | null {
  const usAt = (index: number): number => us[index] as number;
  const order = Uint32Array.from(us.keys()).sort(
    (one, other) => usAt(one) - usAt(other) || one - other,
  );
  let folded: PartialBucket | null = null;
  for (const index of order) {
    folded = merge(folded, partialOf({ us: usAt(index), value: values[index] as number }));
  }
  return folded;
}

function tooManyFault(count: number): Fault {
  return new Fault(`a bucket has ${count} points that did not come in the order of time`, {
    remedy: "Ask for more buckets, or for a shorter time.",
    exitCode: EXIT_CODES.configuration,
  });
}
