/** Where the failures of a filter are told. */
export interface FilterReport {
  stream: string;
  file: string;
  warn: (details: object, message: string) => void;
}

const INTERVAL_MS = 10_000;

/** Tells the first failure at once, and then how many there were, at most every ten seconds. */
export function reportFailures({ stream, file, warn }: FilterReport): (reason: string) => void {
  let failures = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    failures += 1;
    if (performance.now() - toldAtMs < INTERVAL_MS) return;
    toldAtMs = performance.now();
    warn(
      { stream, file, failures, reason },
      "the code filter failed; its messages are stored, marked as such",
    );
    failures = 0;
  };
}
