import type { Series } from "./series.ts";

/** How often a series is published. In milliseconds. */
export interface Pace {
  /** What has changed, at most so often. */
  intervalMs: number;
  /** What has not changed, so often: its windows age all the same. */
  tickMs: number;
}

/**
 * The slow tick of so many series: unchanged ones take at most half of the publications, so that what
 * has changed need not wait for them.
 */
export function slowTickMs(
  series: number,
  { slowTickMs: tickMs, rateMax }: { slowTickMs: number; rateMax: number },
): number {
  return Math.max(tickMs, Math.ceil((2 * series * 1_000) / rateMax));
}

/** The series that are due, those that have waited longest first. */
export function dueSeries(all: Iterable<Series>, pace: Pace, nowMs: number): Series[] {
  const due: { series: Series; dueMs: number }[] = [];
  for (const series of all) {
    const dueMs = dueAtMs(series, pace);
    if (dueMs <= nowMs) due.push({ series, dueMs });
  }
  return due.sort((one, other) => one.dueMs - other.dueMs).map(({ series }) => series);
}

function dueAtMs({ changedAtMs, publishedAtMs }: Series, { intervalMs, tickMs }: Pace): number {
  if (publishedAtMs === null) return changedAtMs ?? -Infinity;
  const tickAtMs = publishedAtMs + tickMs;
  if (changedAtMs === null) return tickAtMs;
  return Math.min(tickAtMs, Math.max(changedAtMs, publishedAtMs + intervalMs));
}
