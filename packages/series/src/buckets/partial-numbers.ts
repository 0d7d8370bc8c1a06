import type { PartialBucket } from "./partial.ts";

// The places of a partial bucket's numbers where they lie beside each other in an array.
export const COUNT = 0;
export const SUM = 1;
export const MIN = 2;
export const MAX = 3;
export const FIRST_US = 4;
export const FIRST = 5;
export const LAST_US = 6;
export const LAST = 7;
export const INCREASE = 8;
export const TRANSITIONS = 9;
export const INTEGRAL = 10;
/** How many there are. */
export const WIDTH = 11;

/** The partial bucket whose numbers begin at a place; it has points. */
export function partialAt(numbers: Float64Array, at: number): PartialBucket {
  const numberOf = (field: number): number => numbers[at + field] as number;
  return {
    count: numberOf(COUNT),
    sum: numberOf(SUM),
    min: numberOf(MIN),
    max: numberOf(MAX),
    first: { us: numberOf(FIRST_US), value: numberOf(FIRST) },
    last: { us: numberOf(LAST_US), value: numberOf(LAST) },
    increase: numberOf(INCREASE),
    transitions: numberOf(TRANSITIONS),
    integral: numberOf(INTEGRAL),
  };
}

/** What `partialAt` makes a partial bucket of again. */
export function numbersOf(partial: PartialBucket): readonly number[] {
  const { count, sum, min, max, first, last, increase, transitions, integral } = partial;
  return [
    count,
    sum,
    min,
    max,
    first.us,
    first.value,
    last.us,
    last.value,
    increase,
    transitions,
    integral,
  ];
}
