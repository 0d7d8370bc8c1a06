import { type Clock, errorMessage, Fault, isLocked, type Logger } from "@weir/runtime";
import type { Rotated, SegmentedStore, SegmentFinalizer } from "@weir/store";

// The clock may jump while a timer runs.
const LOOK_MS_MAX = 10_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;

/**
 * Begins a segment in each period, whether messages come or not, and hands the closed ones to the
 * finalizer: at the start also those that an earlier process left. A segment of an earlier period is
 * rotated at once.
 */
export function startRotation(options: {
  /** A segment's span; it begins at multiples of it since the epoch: a day's at midnight UTC. */
  periodMs: number;
  store: SegmentedStore;
  finalizer: Pick<SegmentFinalizer, "finish">;
  clock: Clock;
  logger: Logger;
  onRotated: (rotated: Rotated) => void;
  /** Called for each rotation that fails; it is tried again. */
  onFault: (fault: unknown) => void;
}): Disposable {
  const { periodMs, store, finalizer, clock, logger, onRotated, onFault } = options;
  let failures = 0;
  let timer: Disposable | null = null;

  function look(): void {
    const nowMs = clock.now();
    const waitMs = msUntilRotation({ nowMs, sinceMs: store.liveSinceUs() / 1_000, periodMs });
    timer = clock.schedule(waitMs > 0 ? untilLook(waitMs) : rotate(nowMs), look);
  }

  /** @returns when to look again, in milliseconds from now. */
  function rotate(nowMs: number): number {
    let rotated: Rotated;
    try {
      rotated = store.rotate(nowMs * 1_000);
    } catch (fault) {
      // A lock may end at any moment; a full disk takes longer.
      if (isLocked(fault)) failures = 0;
      const retryMs = Math.min(RETRY_FIRST_MS * 2 ** failures, RETRY_LAST_MS);
      failures += 1;
      const remedy = fault instanceof Fault ? fault.remedy : undefined;
      logger.error(
        { reason: errorMessage(fault), remedy, retryMs },
        "no new segment could be started",
      );
      onFault(fault);
      return retryMs;
    }
    failures = 0;
    logger.info(rotated, "began a new segment");
    onRotated(rotated);
    finalizer.finish(rotated.sealed);
    return untilLook(msUntilRotation({ nowMs, sinceMs: nowMs, periodMs }));
  }

  for (const file of store.unfinished()) finalizer.finish(file);
  look();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/**
 * How long the live segment lasts: to the end of the period that it was begun in. It ends at once when it
 * was begun by a clock that was ahead by more than a period.
 *
 * @returns 0 or less when the next is due.
 */
export function msUntilRotation(times: {
  nowMs: number;
  sinceMs: number;
  periodMs: number;
}): number {
  const { nowMs, sinceMs, periodMs } = times;
  if (sinceMs - nowMs > periodMs) return 0;
  const endMs = (Math.floor(sinceMs / periodMs) + 1) * periodMs;
  return endMs - nowMs;
}

const untilLook = (waitMs: number): number => Math.min(Math.ceil(waitMs), LOOK_MS_MAX);
