import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 10;

/**
 * Waits until a check passes: until it neither throws nor returns `false`, `null` or `undefined`.
 *
 * @returns what the check returned.
 * @throws the check's own error, or one that names it, after `timeoutMs`.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  timeoutMs = 45_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const late = performance.now() > deadlineMs;
    try {
      const result = await check();
      if (result !== false && result !== null && result !== undefined) {
        return result as NonNullable<Exclude<T, false>>;
      }
      if (late) throw new Error(`not within ${timeoutMs} ms: ${check.toString()}`);
    } catch (error) {
      if (late) throw error;
    }
    await pause(POLL_MS);
  }
}

/**
 * Waits until a condition holds, or the time is over; an error of the condition is thrown at once.
 *
 * @returns whether it held in time.
 */
export async function holdsWithin(
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) return false;
    await pause(POLL_MS, undefined, { signal });
  }
  return true;
}
