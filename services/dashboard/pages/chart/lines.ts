import type { History } from "../../src/contract/series.ts";

type Columns = History["series"][number];
/** As uPlot takes it: `null` is a gap, `undefined` is joined. */
export type Column = (number | null | undefined)[];

export interface Lines {
  /** Of a counter the increase, of a state its last value, else the average. */
  line: Column;
  min: Column | null;
  max: Column | null;
}

/** A device that is this many intervals late has a gap. */
const GAP_INTERVALS = 3;
/** A state may be sent only when it changes: then it holds for long, and usual intervals vary. */
const GAP_INTERVALS_OF_STATES = 20;

/** The times of the buckets, in milliseconds: their middles. */
export function timesOf({ edgesMs }: History): number[] {
  return edgesMs.slice(1).map((toMs, at) => ((edgesMs[at] as number) + toMs) / 2);
}

/** What is drawn of a series. */
export function linesOf(columns: Columns, edgesMs: readonly number[]): Lines {
  const { kind, intervalMs } = columns.series;
  if (kind === "counter") return { line: columns.increase, min: null, max: null };
  if (kind === "gauge") {
    const join = (column: Numbers) => joined(column, edgesMs, GAP_INTERVALS * intervalMs);
    return { line: join(columns.average), min: join(columns.min), max: join(columns.max) };
  }
  const gapMs = intervalMs === 0 ? Number.POSITIVE_INFINITY : GAP_INTERVALS_OF_STATES * intervalMs;
  const hold = (column: Numbers) => joined(held(column, edgesMs, gapMs), edgesMs, gapMs);
  return { line: hold(columns.last), min: hold(columns.min), max: hold(columns.max) };
}

type Numbers = readonly (number | null)[];

/** Buckets may be shorter than the usual time between two values: those are no gaps. */
function joined(column: Numbers, edgesMs: readonly number[], gapMs: number): Column {
  const result: Column = [...column];
  let before = -1;
  for (const [at, value] of column.entries()) {
    if (value === null) continue;
    const emptyMs = (edgesMs[at] as number) - (edgesMs[before + 1] as number);
    if (before >= 0 && at > before + 1 && emptyMs < gapMs) result.fill(undefined, before + 1, at);
    before = at;
  }
  return result;
}

/** The last value goes on to the end, if that is no gap. */
function held(column: Numbers, edgesMs: readonly number[], gapMs: number): Numbers {
  const last = column.findLastIndex((value) => value !== null);
  const emptyMs = (edgesMs.at(-1) as number) - (edgesMs[last + 1] as number);
  return last < 0 || emptyMs >= gapMs ? column : column.with(-1, column[last] as number);
}

/** The places of points that no line reaches: between two gaps. They are drawn as dots. */
export function isolatedPoints(column: Column): number[] {
  const places: number[] = [];
  for (const [at, value] of column.entries()) {
    if (value == null) continue;
    if (isGap(column, at, -1) && isGap(column, at, 1)) places.push(at);
  }
  return places;
}

function isGap(column: Column, from: number, step: -1 | 1): boolean {
  let at = from + step;
  while (at >= 0 && at < column.length && column[at] === undefined) at += step;
  return (column[at] ?? null) === null;
}
