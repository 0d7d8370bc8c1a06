const DELAY_MIN_MS = 1_000;
const DELAY_MAX_MS = 30_000;
const STEADY_MS = 60_000;

/**
 * How long to wait before a part is started again: doubled with each failure in a row, up to 30 s.
 * One that has lived for a minute begins anew.
 */
export function restartDelayMs(
  failures: number,
  livedMs: number,
): { delayMs: number; failures: number } {
  const before = livedMs >= STEADY_MS ? 0 : failures;
  return { delayMs: Math.min(DELAY_MIN_MS * 2 ** before, DELAY_MAX_MS), failures: before + 1 };
}
