import type { Run } from "./run-reader.ts";

/** A group has at least so many rows, if there are so many: fewer spans are found sooner. */
const GROUP_ROWS = 65_536;

/**
 * Divides runs into groups that follow each other in time; each keeps the order of arrival. So a long series is never
 * in memory as a whole, unless all of it came in disorder.
 */
export function inGroups(runs: readonly Run[]): Run[][] {
  const groups: { lastUs: number; rows: number; runs: Run[] }[] = [];
  for (const run of runs.toSorted((one, other) => one.firstUs - other.firstUs)) {
    const group = groups.at(-1);
    if (group !== undefined && (run.firstUs <= group.lastUs || group.rows < GROUP_ROWS)) {
      group.runs.push(run);
      group.lastUs = Math.max(group.lastUs, run.lastUs);
      group.rows += run.rows;
    } else {
      groups.push({ lastUs: run.lastUs, rows: run.rows, runs: [run] });
    }
  }
  const place = new Map(runs.map((run, index) => [run, index]));
  const byArrival = (one: Run, other: Run) => (place.get(one) ?? 0) - (place.get(other) ?? 0);
  return groups.map((group) => group.runs.sort(byArrival));
}
