import { bucketAt } from "./fold.ts";

/** A part of a history to ask for: whole buckets. */
interface Part {
  fromMs: number;
  toMs: number;
  buckets: number;
}

/** The span of buckets that points came too late for. */
export class LateBuckets {
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.NEGATIVE_INFINITY;

  add(edgesMs: readonly number[], atMs: number): void {
    const at = bucketAt(edgesMs, atMs);
    if (at < 0 || at > edgesMs.length - 2) return;
    this.#fromMs = Math.min(this.#fromMs, edgesMs[at] as number);
    // The increase of the next bucket begins with the last point of this one.
    this.#toMs = Math.max(this.#toMs, (edgesMs[at + 2] ?? edgesMs[at + 1]) as number);
  }

  /** What to ask for once; `null` for nothing. The newest bucket waits until it is closed: live points change it. */
  take(edgesMs: readonly number[]): Part | null {
    const closedMs = edgesMs.at(-2) as number;
    const first = Math.max(0, bucketAt(edgesMs, this.#fromMs));
    const fromMs = edgesMs[first] as number;
    const toMs = Math.min(this.#toMs, closedMs);
    if (!(toMs > fromMs)) return null;
    const part = { fromMs, toMs, buckets: bucketAt(edgesMs, toMs) - first };
    if (this.#toMs <= closedMs) this.clear();
    else this.#fromMs = closedMs;
    return part;
  }

  clear(): void {
    this.#fromMs = Number.POSITIVE_INFINITY;
    this.#toMs = Number.NEGATIVE_INFINITY;
  }
}
