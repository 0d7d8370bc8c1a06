import { globSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** A file may be written while this is asked, and file systems round. */
const TOLERANCE_MS = 60_000;

/**
 * Compares a wall clock with times that have certainly passed: those at which Weir's files and the store's were
 * written.
 *
 * @returns a half sentence for each that lies ahead: the clock is wrong, or was.
 */
export function clockProblems(nowMs: number, storeFile: string): string[] {
  const times: [ms: number, what: string][] = [
    [statSync(import.meta.filename).mtimeMs, "the files of Weir were written"],
    [newestIn(dirname(storeFile)), "the store was written"],
  ];
  return times
    .filter(([ms]) => ms > nowMs + TOLERANCE_MS)
    .map(([ms, what]) => `it is ${timeText(nowMs)} here, but ${what} at ${timeText(ms)}`);
}

/** What to do about a wrong clock. */
export const CLOCK_REMEDY =
  "Set the clock, and keep it right: timedatectl set-ntp true. Wrong times are flagged in the store, and retention waits.";

function newestIn(folder: string): number {
  const times = globSync(join(folder, "*.{db,db-wal}")).map(
    (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.max(0, ...times);
}

/** A time in UTC, to the second: `2026-11-28T04:00:00Z`. @param ms since the epoch. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}
