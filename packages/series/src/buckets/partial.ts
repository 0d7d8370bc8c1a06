/** A value of a series, and when it was observed, in microseconds since the epoch. */
export interface Sample {
  us: number;
  value: number;
}

/**
 * What points in the order of time leave behind: enough to put it together with what comes before and after, and to
 * answer for all of it. Averages are not in it, because averages of averages are wrong.
 */
export interface PartialBucket {
  count: number;
  sum: number;
  min: number;
  max: number;
  first: Sample;
  last: Sample;
  /** By how much a counter grew from the first point to the last. */
  increase: number;
  /** How often the value changed from the first point to the last. */
  transitions: number;
  /** Value times microseconds from the first point to the last; each value holds until the next point. */
  integral: number;
}

export function partialOf(sample: Sample): PartialBucket {
  const { value } = sample;
  return {
    count: 1,
    sum: value,
    min: value,
    max: value,
    first: sample,
    last: sample,
    increase: 0,
    transitions: 0,
    integral: 0,
  };
}

/**
 * Puts two parts together; `null` is a part without points. It is associative: however points are split, the parts
 * give the same whole.
 *
 * @param later none of its points is before the last one of `earlier`.
 */
export function merge(
  earlier: PartialBucket | null,
  later: PartialBucket | null,
): PartialBucket | null {
  if (earlier === null) return later;
  if (later === null) return earlier;
  const { us, value } = earlier.last;
  const next = later.first;
  return {
    count: earlier.count + later.count,
    sum: earlier.sum + later.sum,
    min: Math.min(earlier.min, later.min),
    max: Math.max(earlier.max, later.max),
    first: earlier.first,
    last: later.last,
    increase: earlier.increase + increaseOf(value, next.value) + later.increase,
    transitions: earlier.transitions + Number(next.value !== value) + later.transitions,
    integral: earlier.integral + value * (next.us - us) + later.integral,
  };
}

/** By how much a counter grew. A value below the one before is a reset: it grew from 0 on. */
export function increaseOf(before: number, value: number): number {
  return value >= before ? value - before : value;
}

/** The part that points in the order of time leave behind; `null` for none. */
export function foldPoints({
  us,
  values,
}: {
  us: Float64Array;
  values: Float64Array;
}): PartialBucket | null {
  const count = us.length;
  if (count === 0) return null;
  const first = { us: us[0] as number, value: values[0] as number };
  let last = first.value;
  let lastUs = first.us;
  let sum = last;
  let min = last;
  let max = last;
  let increase = 0;
  let transitions = 0;
  let integral = 0;
  for (let index = 1; index < count; index++) {
    const value = values[index] as number;
    const atUs = us[index] as number;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
    increase += increaseOf(last, value);
    if (value !== last) transitions += 1;
    integral += last * (atUs - lastUs);
    last = value;
    lastUs = atUs;
  }
  const end = { us: lastUs, value: last };
  return { count, sum, min, max, first, last: end, increase, transitions, integral };
}
