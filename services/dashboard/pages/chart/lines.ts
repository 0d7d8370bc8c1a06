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

/** The times of the buckets, in milliseconds: their middles. */
export function timesOf({ edgesMs }: History): number[] {
  return edgesMs.slice(1).map((toMs, at) => ((edgesMs[at] as number) + toMs) / 2);
}

/** What is drawn of a series. */
export function linesOf(columns: Columns, edgesMs: readonly number[]): Lines {
  const { kind, intervalMs } = columns.series;
  if (kind === "counter") return { line: columns.increase, min: null, max: null };
  const join = (column: readonly (number | null)[]) => joined(column, edgesMs, intervalMs);
  const line = join(kind === "state" ? columns.last : columns.average);
  return { line, min: join(columns.min), max: join(columns.max) };
}

/** Buckets may be shorter than the usual time between two values: those are no gaps. */
function joined(
  column: readonly (number | null)[],
  edgesMs: readonly number[],
  intervalMs: number,
): Column {
  const result: Column = [...column];
  let before = -1;
  for (const [at, value] of column.entries()) {
    if (value === null) continue;
    const emptyMs = (edgesMs[at] as number) - (edgesMs[before + 1] as number);
    if (before >= 0 && at > before + 1 && emptyMs < GAP_INTERVALS * intervalMs)
      result.fill(undefined, before + 1, at);
    before = at;
  }
  return result;
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
