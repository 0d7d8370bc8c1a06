import { increaseOf } from "@weir/series";

/** What a window of a counter or of a state shows, beside the average. */
export interface ChangeSummary {
  /** Of a counter: by how much it grew. A value below the one before is a reset: it grew from 0 on. */
  increase: number;
  /** Of a state: how often it changed. */
  transitions: number;
  /** Of a state: the share of the time, from the window's first point on, in which it was 1; `null` without points. */
  share: number | null;
}

/**
 * The order of values over time, by the second: what a counter and a state need, and an average does not. Within a
 * second the order of arrival counts. Values may come late.
 */
export class Changes {
  // Sorted by second, one entry for each second that has a value.
  readonly #seconds: number[] = [];
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  /** Within the second. */
  readonly #increases: number[] = [];
  readonly #transitions: number[] = [];

  add(second: number, value: number): void {
    const at = this.#indexOf(second);
    if (this.#seconds[at] !== second) {
      this.#seconds.splice(at, 0, second);
      this.#firsts.splice(at, 0, value);
      this.#lasts.splice(at, 0, value);
      this.#increases.splice(at, 0, 0);
      this.#transitions.splice(at, 0, 0);
      return;
    }
    const last = this.#lasts[at] as number;
    this.#lasts[at] = value;
    this.#increases[at] = (this.#increases[at] as number) + increaseOf(last, value);
    this.#transitions[at] = (this.#transitions[at] as number) + Number(value !== last);
  }

  /** Drops the seconds up to this one. */
  forgetThrough(second: number): void {
    const count = this.#indexOf(second + 1);
    if (count === 0) return;
    this.#seconds.splice(0, count);
    this.#firsts.splice(0, count);
    this.#lasts.splice(0, count);
    this.#increases.splice(0, count);
    this.#transitions.splice(0, count);
  }

  /** The window of the seconds `from..to`. */
  summarize(from: number, to: number): ChangeSummary {
    let increase = 0;
    let transitions = 0;
    let onSeconds = 0;
    let firstSecond: number | null = null;
    let before: { second: number; value: number } | null = null;
    for (let at = this.#indexOf(from); (this.#seconds[at] ?? Infinity) <= to; at += 1) {
      const second = this.#seconds[at] as number;
      const first = this.#firsts[at] as number;
      firstSecond ??= second;
      if (before !== null) {
        increase += increaseOf(before.value, first);
        transitions += Number(first !== before.value);
        onSeconds += before.value * (second - before.second);
      }
      increase += this.#increases[at] as number;
      transitions += this.#transitions[at] as number;
      before = { second, value: this.#lasts[at] as number };
    }
    if (before === null || firstSecond === null) return { increase, transitions, share: null };
    onSeconds += before.value * (to + 1 - before.second);
    return { increase, transitions, share: onSeconds / (to + 1 - firstSecond) };
  }

  /** The place of the first second that is not before this one. */
  #indexOf(second: number): number {
    const last = this.#seconds.at(-1);
    if (last === undefined || last < second) return this.#seconds.length;
    let low = 0;
    let high = this.#seconds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#seconds[middle] as number) < second) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
