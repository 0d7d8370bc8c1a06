import type { Clock } from "@weir/clock";

/** Where the failures of a filter are told. */
export interface FilterReport {
  stream: string;
  file: string;
  clock: Pick<Clock, "monotonic">;
  warn: (details: object, message: string) => void;
}

const INTERVAL_MS = 10_000;
const REASON_CHARACTERS_MAX = 2_000;

/**
 * Tells the first failure at once, and then how many there were, at most every ten seconds.
 *
 * @returns what to call with each failure; its reason is put into words only where it is told.
 */
export function reportFailures(report: FilterReport): (reason: () => string) => void {
  const { stream, file, clock, warn } = report;
  let failures = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    failures += 1;
    if (clock.monotonic() - toldAtMs < INTERVAL_MS) return;
    toldAtMs = clock.monotonic();
    warn(
      { stream, file, failures, reason: reason().slice(0, REASON_CHARACTERS_MAX) },
      "the code filter failed; its messages are stored, marked as such",
    );
    failures = 0;
  };
}
