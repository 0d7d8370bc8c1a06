import { addAbortListener } from "node:events";
import type { Clock } from "@weir/runtime";

/** How long to wait between attempts. */
export interface Backoff {
  /** The longest wait before the first repetition, in milliseconds. */
  baseMs: number;
  /** The longest wait at all, in milliseconds. */
  capMs: number;
}

/** A quick first repetition, then at most ten seconds, so that a broker that is back is found soon. */
export const RECONNECT_BACKOFF: Backoff = { baseMs: 200, capMs: 10_000 };

/**
 * The wait before repetition number `attempt` (0 is the first), in milliseconds: exponential with
 * full jitter, so that many clients of one broker do not reconnect at the same moment.
 *
 * @param random a number in [0, 1)
 */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: number): number {
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(random * ceilingMs);
}

/** The longest wait that a timer of Node supports; it fires at once on a longer one. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/**
 * Resolves after `waitMs` at the latest, and at once when the signal aborts.
 *
 * @throws RangeError when the wait is not a number of milliseconds from 0 on.
 */
export async function pause(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  if (!(waitMs >= 0)) throw new RangeError(`cannot wait for ${waitMs} ms`);
  const over = Promise.withResolvers<void>();
  using _timer = clock.schedule(Math.min(waitMs, WAIT_MS_MAX), over.resolve);
  using _aborting = addAbortListener(signal, () => over.resolve());
  await over.promise;
}
