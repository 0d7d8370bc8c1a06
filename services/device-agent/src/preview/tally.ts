import { type DeadbandRule, isDue, type Reported } from "../report/deadband.ts";

/** What a deadband would have made of the values of one attribute. */
export interface Tally {
  rule: DeadbandRule;
  samples: number;
  reported: number;
  /** How far the value reported last was from the recorded ones, over all samples. */
  error: { mean: number; max: number; rootMeanSquare: number };
}

/** Adds up a tally, value by value. */
export interface Tallying {
  /** Returns whether the value would have been reported. */
  add(value: number, atMs: number): boolean;
  result(): Tally;
}

export function startTally(rule: DeadbandRule): Tallying {
  let last: Reported | null = null;
  let samples = 0;
  let reported = 0;
  let sum = 0;
  let max = 0;
  let sumOfSquares = 0;

  return {
    add: (value, atMs) => {
      samples += 1;
      if (last === null || isDue(value, last, rule, atMs)) {
        last = { value, atMs };
        reported += 1;
        return true;
      }
      const error = Math.abs(value - last.value);
      sum += error;
      max = Math.max(max, error);
      sumOfSquares += error * error;
      return false;
    },
    result: () => {
      const count = Math.max(samples, 1);
      const rootMeanSquare = Math.sqrt(sumOfSquares / count);
      return { rule, samples, reported, error: { mean: sum / count, max, rootMeanSquare } };
    },
  };
}
