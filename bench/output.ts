// What the measurements of this folder share: their tables, their statistics and the number after the command.
import { cpus, release } from "node:os";
import { print } from "@weir/runtime";
import Table from "cli-table3";

/** A table whose first column is left-aligned, the others right-aligned. */
export function createTable(...head: string[]): Table.Table {
  const [first = "", ...others] = head;
  return new Table({
    head: [first, ...others],
    colAligns: ["left", ...others.map(() => "right" as const)],
    style: { head: [], border: [] },
  });
}

/** Prints the machine, then the results. */
export function printResults(details: string, ...results: readonly (Table.Table | string)[]): void {
  const machine = `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}`;
  print(`${[`${machine}, ${details}`, ...results.map(String)].join("\n")}\n`);
}

/** The whole number after the command, as in `npm run bench:fleet 20`; ends the process when it is wrong. */
export function countArgument(usage: string, { standard, max }: { standard: number; max: number }) {
  const count = Number(process.argv[2] ?? standard);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  print(`npm run bench:${usage}: from 1 to ${max}\n`, { to: process.stderr });
  process.exit(78);
}

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

/** Not a number for no values. */
export function median(values: readonly number[]): number {
  return spreadOf(values)?.median ?? Number.NaN;
}

/**
 * How much samples that were taken at even intervals have grown: the median of the last quarter over
 * that of the second. The first one is the start.
 */
export function growthOf(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) return Number.NaN;
  return median(samples.slice(-quarter)) / median(samples.slice(quarter, 2 * quarter));
}
