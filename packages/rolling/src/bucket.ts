/** The readings of one second: what SQL's aggregates need, and nothing more. */
export interface Bucket {
  count: number;
  sum: number;
  /** What rounding took from `sum` so far (Neumaier's compensation). */
  lost: number;
  min: number;
  max: number;
}

export function emptyBucket(): Bucket {
  return { count: 0, sum: 0, lost: 0, min: Infinity, max: -Infinity };
}

/**
 * Adds a bucket. Sums are compensated, so that a million readings of mixed magnitude lose no more than
 * one rounding.
 */
export function addTo(target: Bucket, { count, sum, lost, min, max }: Bucket): void {
  addSum(target, sum);
  target.lost += lost;
  target.count += count;
  if (min < target.min) target.min = min;
  if (max > target.max) target.max = max;
}

/** Adds a single reading: as a bucket of one, without making one. */
export function addReadingTo(target: Bucket, value: number): void {
  addSum(target, value);
  target.count += 1;
  if (value < target.min) target.min = value;
  if (value > target.max) target.max = value;
}

function addSum(target: Bucket, sum: number): void {
  const total = target.sum + sum;
  target.lost +=
    Math.abs(target.sum) >= Math.abs(sum) ? target.sum - total + sum : sum - total + target.sum;
  target.sum = total;
}
