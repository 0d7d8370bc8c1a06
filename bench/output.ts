// What the measurements of this folder share: their tables, medians, rows and processes.
import { cpus, release } from "node:os";
import { join } from "node:path";
import { NODE_ARGUMENTS, NODE_ENVIRONMENT, print } from "@weir/runtime";
import type { NewRow } from "@weir/store";
import Table from "cli-table3";
import { spreadOf } from "./logger/comparison.ts";
import { type Child, startChild } from "./logger/process.ts";

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

export function median(values: readonly number[]): number {
  return spreadOf(values)?.median ?? Number.NaN;
}

/** A row of the stream `data` without a sequence. */
export function rowAt(receivedUs: number, value: number, row: Partial<NewRow> = {}): NewRow {
  return {
    receivedUs,
    topic: "DATA",
    payload: Buffer.from(`{"number":${value},"epochtime":"${Math.floor(receivedUs / 1e6)}"}`),
    qos: 1,
    retained: false,
    outcome: 0,
    value,
    observedUs: receivedUs,
    sequence: null,
    isFiltered: false,
    ...row,
  };
}

/** Starts a program of this checkout, by its path in it, without the settings of the developer's shell. */
export function startProgram(
  [program, ...args]: readonly [program: string, ...args: string[]],
  environment: Readonly<Record<string, string>>,
  options: { cwd?: string; stdio?: ["ignore", "pipe", "inherit"] } = {},
): Promise<Child> {
  return startChild({
    ...options,
    command: process.execPath,
    args: [...NODE_ARGUMENTS, join(import.meta.dirname, "..", program), ...args],
    env: { PATH: process.env.PATH, ...NODE_ENVIRONMENT, ...environment },
  });
}
