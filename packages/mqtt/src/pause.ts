import { addAbortListener } from "node:events";
import type { Clock } from "@weir/clock";

/** The longest wait that a timer of Node can keep; it fires at once on a longer one. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/**
 * Resolves after `waitMs` at the latest, and at once when the signal aborts.
 *
 * @throws RangeError on a wait that is no number of milliseconds.
 */
export async function pause(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  if (!(waitMs >= 0)) throw new RangeError(`cannot wait for ${waitMs} ms`);
  const over = Promise.withResolvers<void>();
  using _timer = clock.schedule(Math.min(waitMs, WAIT_MS_MAX), over.resolve);
  using _aborting = addAbortListener(signal, () => over.resolve());
  await over.promise;
}
