/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** `null` for no values. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) return null;
  const middle = sorted.length / 2;
  // Within the bounds: there is a value, and the two indices lie around the middle.
  const below = sorted[Math.ceil(middle) - 1] as number;
  const above = sorted[Math.floor(middle)] as number;
  return { median: (below + above) / 2, min, max };
}
