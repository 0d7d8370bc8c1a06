import type { Pace } from "../points/pace.ts";
import type { Points } from "../points-file/points.ts";

/**
 * Puts points in the order of time; those of one time stay in the order that they have. It merges the stretches that
 * are in order: points that are in order already are looked at once, those of a few sources a few times.
 */
export async function sortByTime(points: Points, pace: Pace): Promise<Points> {
  let from = points;
  let starts = stretchesOf(points.us);
  let to: Points | null = null;
  while (starts.length > 2) {
    to ??= newPoints(points.us.length);
    const merged = [0];
    for (let at = 0; at + 1 < starts.length; at += 2) {
      const start = starts[at] as number;
      const middle = starts[at + 1] as number;
      const end = starts[at + 2] ?? middle;
      mergeStretches(from, to, { start, middle, end });
      merged.push(end);
      await pace.breathe();
    }
    // What was given is not written to.
    const spare = from === points ? null : from;
    from = to;
    to = spare;
    starts = merged;
  }
  return from;
}

/** Where each stretch in the order of time begins, and the end. */
function stretchesOf(us: Float64Array): number[] {
  const starts = [0];
  for (let index = 1; index < us.length; index += 1) {
    if ((us[index] as number) < (us[index - 1] as number)) starts.push(index);
  }
  starts.push(us.length);
  return starts;
}

function mergeStretches(
  from: Points,
  to: Points,
  { start, middle, end }: { start: number; middle: number; end: number },
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at += 1) {
    // Of one time, the left one came first.
    const isLeft =
      right === end || (left < middle && (from.us[left] as number) <= (from.us[right] as number));
    const taken = isLeft ? left : right;
    if (isLeft) left += 1;
    else right += 1;
    to.us[at] = from.us[taken] as number;
    to.values[at] = from.values[taken] as number;
  }
}

function newPoints(rows: number): Points {
  return { us: new Float64Array(rows), values: new Float64Array(rows) };
}
