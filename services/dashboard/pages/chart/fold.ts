import type { History } from "../../src/contract/series.ts";

type Columns = History["series"][number];

/**
 * folded: the bucket has it. late: a later point is there already, so that the API has to be asked for the bucket
 * again. outside: it lies before the first bucket, or after the last one.
 */
export type Folded = "folded" | "late" | "outside";

/** A history that live points are folded into. */
export interface LiveHistory {
  history: History;
  /** Of each series, from when and until when the share of its newest bucket is weighed. */
  weighed: { fromMs: number; throughMs: number }[];
}

/** @param askedMs when the server answered, by its clock. */
export function liveHistory(history: History, askedMs: number): LiveHistory {
  const weighed = history.series.map(({ count, lastMs }) => {
    const at = newestBucket(count);
    if (at < 0) return { fromMs: 0, throughMs: 0 };
    const [fromMs, toMs] = bucketEdges(history, at);
    // A clock that is ahead may have observed the last point after now.
    return { fromMs, throughMs: Math.max(Math.min(toMs, askedMs), lastMs[at] ?? 0) };
  });
  return { history, weighed };
}

/** Adds one point of a series, by its place in the history, to the bucket that it belongs to. */
export function foldPoint(live: LiveHistory, index: number, atMs: number, value: number): Folded {
  const { history } = live;
  const columns = history.series[index];
  const at = bucketAt(history.edgesMs, atMs);
  if (columns === undefined || at < 0 || at >= history.edgesMs.length - 1) return "outside";
  const newest = newestBucket(columns.count);
  if (at < newest || (at === newest && atMs < (columns.lastMs[at] ?? 0))) return "late";
  if (at > newest) begin(live, index, at, newest, atMs, value);
  else add(live, index, at, atMs, value);
  return "folded";
}

/**
 * Moves a range that ends now: appends empty buckets until one holds `nowMs`, and drops as many at the beginning.
 * False where the next edge is one of the calendar, or too far away: then the API has to be asked.
 */
export function slide({ history, weighed }: LiveHistory, nowMs: number): boolean {
  const { edgesMs } = history;
  const stepMs = (edgesMs.at(-1) as number) - (edgesMs.at(-2) as number);
  const count = Math.floor((nowMs - (edgesMs.at(-1) as number)) / stepMs) + 1;
  if (count <= 0) return true;
  if (stepMs > SLIDING_STEP_MS_MAX || count > edgesMs.length / 2) return false;
  for (const [index, columns] of history.series.entries()) {
    hold(
      columns,
      weighed[index] as { fromMs: number; throughMs: number },
      edgesMs.at(-1) as number,
    );
    columns.count.push(...Array(count).fill(0));
    columns.count.splice(0, count);
    for (const column of columnsOf(columns)) {
      column.push(...Array(count).fill(null));
      column.splice(0, count);
    }
  }
  for (let added = 0; added < count; added += 1) edgesMs.push((edgesMs.at(-1) as number) + stepMs);
  edgesMs.splice(0, count);
  return true;
}

/** Longer steps are of the calendar: clocks that change make them unequal. */
const SLIDING_STEP_MS_MAX = 3_600_000;

/** Takes buckets over from an answer for a part of the span. False where its edges are others. */
export function patch({ history }: LiveHistory, part: History): boolean {
  const offset = history.edgesMs.indexOf(part.edgesMs[0] as number);
  const fits = part.edgesMs.every((edgeMs, at) => history.edgesMs[offset + at] === edgeMs);
  if (offset < 0 || !fits) return false;
  for (const fresh of part.series) {
    const columns = history.series.find(({ series }) => series.series === fresh.series.series);
    if (columns === undefined) continue;
    const freshColumns = columnsOf(fresh);
    for (const at of fresh.count.keys()) {
      columns.count[offset + at] = fresh.count[at] as number;
      for (const [place, column] of columnsOf(columns).entries())
        column[offset + at] = freshColumns[place]?.[at] ?? null;
    }
  }
  return true;
}

/** The bucket of a time; -1 before the first one, and their number from the end of the last one on. */
export function bucketAt(edgesMs: readonly number[], atMs: number): number {
  let low = 0;
  let high = edgesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edgesMs[middle] as number) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function begin(
  { history, weighed }: LiveHistory,
  index: number,
  at: number,
  newest: number,
  atMs: number,
  value: number,
): void {
  const columns = history.series[index] as Columns;
  const before = newest < 0 ? null : (columns.last[newest] ?? null);
  // After a gap it is not known how long the value before it held.
  const held = newest === at - 1 ? before : null;
  if (held !== null) {
    hold(
      columns,
      weighed[index] as { fromMs: number; throughMs: number },
      history.edgesMs[at] as number,
    );
  }
  columns.count[at] = 1;
  columns.min[at] = value;
  columns.max[at] = value;
  columns.average[at] = value;
  columns.share[at] = held ?? value;
  if (columns.series.kind === "counter")
    columns.increase[at] = before === null ? 0 : increaseOf(before, value);
  if (columns.series.kind === "state")
    columns.transitions[at] = Number(before !== null && before !== value);
  columns.last[at] = value;
  columns.lastMs[at] = atMs;
  weighed[index] = {
    fromMs: held === null ? atMs : (history.edgesMs[at] as number),
    throughMs: atMs,
  };
}

function add(
  { history, weighed }: LiveHistory,
  index: number,
  at: number,
  atMs: number,
  value: number,
): void {
  const columns = history.series[index] as Columns;
  const count = columns.count[at] as number;
  const last = columns.last[at] as number;
  hold(columns, weighed[index] as { fromMs: number; throughMs: number }, atMs);
  columns.count[at] = count + 1;
  columns.min[at] = Math.min(columns.min[at] as number, value);
  columns.max[at] = Math.max(columns.max[at] as number, value);
  columns.average[at] = ((columns.average[at] as number) * count + value) / (count + 1);
  if (columns.series.kind === "counter")
    columns.increase[at] = (columns.increase[at] ?? 0) + increaseOf(last, value);
  if (columns.series.kind === "state")
    columns.transitions[at] = (columns.transitions[at] ?? 0) + Number(last !== value);
  columns.last[at] = value;
  columns.lastMs[at] = atMs;
}

/** The newest value weighs until a later time. */
function hold(
  columns: Columns,
  weighed: { fromMs: number; throughMs: number },
  untilMs: number,
): void {
  const at = newestBucket(columns.count);
  if (at < 0 || untilMs <= weighed.throughMs) return;
  const known = (columns.share[at] ?? 0) * (weighed.throughMs - weighed.fromMs);
  const held = (columns.last[at] as number) * (untilMs - weighed.throughMs);
  columns.share[at] = (known + held) / (untilMs - weighed.fromMs);
  weighed.throughMs = untilMs;
}

/** A value below the one before is a reset: the counter grew from 0 on. */
function increaseOf(before: number, value: number): number {
  return value >= before ? value - before : value;
}

function newestBucket(count: readonly number[]): number {
  return count.findLastIndex((points) => points > 0);
}

function bucketEdges({ edgesMs }: History, at: number): [number, number] {
  return [edgesMs[at] as number, edgesMs[at + 1] as number];
}

function columnsOf(columns: Columns) {
  const { min, max, average, last, lastMs, increase, share, transitions } = columns;
  return [min, max, average, last, lastMs, increase, share, transitions];
}
