/** Points of one series in the order of time; of one time, in the order of arrival. */
export interface Points {
  /** When they were observed, in whole microseconds since the epoch. */
  us: Float64Array;
  values: Float64Array;
}

/** Where points of one series lie in a file. A series that is long or came in parts has several. */
export interface Span extends SeriesName {
  firstUs: number;
  lastUs: number;
  rows: number;
  /** The number of its first row in the file, for other programs. */
  firstRow: number;
  /** For `PointsFile`: which bytes of the file hold it. */
  location: Uint8Array;
}

export interface SeriesName {
  topic: string;
  path: string;
}

/** The order in which files have their series. */
export function byName(one: SeriesName, other: SeriesName): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  return one.path < other.path ? -1 : 1;
}

export const NO_POINTS: Points = { us: new Float64Array(0), values: new Float64Array(0) };

/**
 * Puts parts of one series together in the order of time.
 *
 * @param parts in the order of arrival, which counts among points of one time. They are not changed.
 */
export function mergePoints(parts: readonly Points[]): Points {
  let merged = parts.filter(({ us }) => us.length > 0);
  if (merged.length > 1 && followEachOther(merged)) return concatenate(merged);
  // Neighbours are put together until one is left, so that the earlier one is always the earlier arrival.
  while (merged.length > 1) {
    const pairs: Points[] = [];
    for (let index = 0; index < merged.length; index += 2) {
      const earlier = merged[index] as Points;
      const later = merged[index + 1];
      pairs.push(later === undefined ? earlier : mergePair(earlier, later));
    }
    merged = pairs;
  }
  return merged[0] ?? NO_POINTS;
}

/** The points with `fromUs <= us < toUs`, as a view of the given ones. */
export function sliceTime(points: Points, fromUs: number, toUs: number): Points {
  const from = firstFrom(points.us, fromUs);
  const to = Math.max(from, firstFrom(points.us, toUs));
  return { us: points.us.subarray(from, to), values: points.values.subarray(from, to) };
}

/** The index of the first time that is not before `fromUs`. */
function firstFrom(us: Float64Array, fromUs: number): number {
  let low = 0;
  let high = us.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((us[middle] as number) < fromUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function followEachOther(parts: readonly Points[]): boolean {
  return parts.every((part, index) => {
    const before = parts[index - 1];
    return before === undefined || (before.us.at(-1) as number) <= (part.us[0] as number);
  });
}

function concatenate(parts: readonly Points[]): Points {
  const whole = emptyPoints(parts.reduce((rows, { us }) => rows + us.length, 0));
  let at = 0;
  for (const { us, values } of parts) {
    whole.us.set(us, at);
    whole.values.set(values, at);
    at += us.length;
  }
  return whole;
}

function mergePair(earlier: Points, later: Points): Points {
  const pair = [earlier, later];
  if (followEachOther(pair)) return concatenate(pair);
  const rows = earlier.us.length + later.us.length;
  const whole = emptyPoints(rows);
  let left = 0;
  let right = 0;
  for (let at = 0; at < rows; at++) {
    const takesLeft =
      right === later.us.length ||
      (left < earlier.us.length && (earlier.us[left] as number) <= (later.us[right] as number));
    const source = takesLeft ? earlier : later;
    const from = takesLeft ? left++ : right++;
    whole.us[at] = source.us[from] as number;
    whole.values[at] = source.values[from] as number;
  }
  return whole;
}

function emptyPoints(rows: number): Points {
  return { us: new Float64Array(rows), values: new Float64Array(rows) };
}

/** Points in the order of time without those with `fromUs <= us < toUs`. */
export function withoutTime(points: Points, fromUs: number, toUs: number): Points {
  return mergePoints([
    sliceTime(points, Number.NEGATIVE_INFINITY, fromUs),
    sliceTime(points, toUs, Number.POSITIVE_INFINITY),
  ]);
}
