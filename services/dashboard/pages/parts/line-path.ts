/** A span of so small a part of the values comes from the arithmetic of averages: the values are equal. */
const SPAN_SHARE_MIN = 1e-9;
/** Half the length of a value alone: a dot as thin as the line is not seen. */
const ALONE_HALF = 2;

/** Whether values between these differ by no more than rounding. */
export function isFlat(low: number, high: number): boolean {
  return high - low <= SPAN_SHARE_MIN * Math.max(Math.abs(low), Math.abs(high));
}

/**
 * The path of a small line through values, `null` being a gap. A value alone is a dash. Flat lines lie in the middle.
 * @returns the `d` of an SVG path within width and height
 */
export function linePath(
  values: readonly (number | null)[],
  width: number,
  height: number,
): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return "";
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of present) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const span = isFlat(low, high) ? 0 : high - low;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const round = (pixels: number): number => Math.round(pixels * 10) / 10;
  let path = "";
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = round(index * step);
    const y = round(span === 0 ? height / 2 : height - ((value - low) / span) * height);
    const isAlone = !isDrawing && (values[index + 1] ?? null) === null;
    path += isAlone
      ? `M${x - ALONE_HALF} ${y}L${x + ALONE_HALF} ${y}`
      : `${isDrawing ? "L" : "M"}${x} ${y}`;
    isDrawing = true;
  });
  return path;
}

/** Fills gaps of at most so many places evenly; those at the ends stay. */
export function bridged(values: readonly (number | null)[], gapMax: number): (number | null)[] {
  const filled = [...values];
  let before: { at: number; value: number } | null = null;
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    if (before !== null && at - before.at - 1 <= gapMax) {
      const slope = (value - before.value) / (at - before.at);
      for (let place = before.at + 1; place < at; place += 1) {
        filled[place] = before.value + slope * (place - before.at);
      }
    }
    before = { at, value };
  }
  return filled;
}
