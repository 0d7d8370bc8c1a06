import { readdirSync, statSync } from "node:fs";
import { openSandbox, type Sandbox } from "../../src/control/sandbox.ts";

type MeasureFree = (folder: string) => Promise<number>;

export const MB = 1_000_000;
/** Nothing ends what it belongs to. */
export const NEVER: AbortSignal = new AbortController().signal;

export interface TestLimits {
  quotaBytes?: number;
  reserveBytes?: number;
  /** What the disk says it has left. Called before the file is made, and before each 8 MiB of it. */
  measureFree?: MeasureFree;
}

/** A sandbox of 100 MB on a disk with enough space, unless `limits` says otherwise. */
export function openTestSandbox(folder: string, limits: TestLimits = {}): Sandbox {
  const { quotaBytes = 100 * MB, reserveBytes = 0, measureFree = async () => 1e15 } = limits;
  return openSandbox({ folder, quotaBytes, reserveBytes }, measureFree);
}

/** The free bytes at the first, second, … call; the last answer stays. Each may have a side effect. */
export function answers(...steps: (() => number)[]): MeasureFree {
  let asked = 0;
  return async () => {
    const step = steps[Math.min(asked, steps.length - 1)];
    asked += 1;
    return step?.() ?? 0;
  };
}

/** Everything in a folder, with its bytes. */
export function contentOf(folder: string): Record<string, number> {
  const sizes = readdirSync(folder).map((name) => [name, statSync(`${folder}/${name}`).size]);
  return Object.fromEntries(sizes);
}
