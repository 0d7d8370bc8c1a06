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
 * Adds a bucket, or a single reading as a bucket of one. Sums are compensated, so that a million
 * readings of mixed magnitude lose no more than one rounding.
 */
export function addTo(target: Bucket, { count, sum, lost, min, max }: Bucket): void {
  const total = target.sum + sum;
  target.lost +=
    Math.abs(target.sum) >= Math.abs(sum) ? target.sum - total + sum : sum - total + target.sum;
  target.lost += lost;
  target.sum = total;
  target.count += count;
  if (min < target.min) target.min = min;
  if (max > target.max) target.max = max;
}
