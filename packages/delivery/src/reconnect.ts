import { addAbortListener } from "node:events";
import { type Backoff, RECONNECT_BACKOFF } from "@weir/mqtt";
import type { Clock } from "@weir/runtime";

/** How many attempts to reconnect an outage may cost: in any t hours of it at most `burst + perHour * t`. */
export interface AttemptBudget {
  /** At least 1. */
  burst: number;
  /** How many are regained in an hour. */
  perHour: number;
}

/** How a device reconnects to a broker that is away. */
export interface PowerPolicy {
  /** Between one attempt and the next: full jitter. */
  backoff: Backoff;
  budget: AttemptBudget;
}

/**
 * For a device on a battery: in the end half an hour between attempts on average; never more than
 * 20 + 3 * 24 = 92 attempts in the first day of an outage, and never an hour without one.
 */
export const ON_BATTERY: PowerPolicy = {
  backoff: { baseMs: 1_000, capMs: 60 * 60 * 1_000 },
  budget: { burst: 20, perHour: 3 },
};

/** For a device on mains: finds a broker that is back within ten seconds, whatever that costs. */
export const ON_MAINS: PowerPolicy = {
  backoff: RECONNECT_BACKOFF,
  budget: { burst: 1, perHour: Number.POSITIVE_INFINITY },
};

const HOUR_MS = 60 * 60 * 1_000;

/**
 * The earliest time at which the budget allows an attempt. One number stands for all that was spent: the
 * time at which everything is regained. All times are in milliseconds on one monotonic clock.
 */
export function earliestAttemptMs({ burst, perHour }: AttemptBudget, repaidMs: number): number {
  return repaidMs - (burst - 1) * (HOUR_MS / perHour);
}

/** Spends one attempt; returns the time at which everything is regained after it. */
export function spendAttempt(
  { perHour }: AttemptBudget,
  { repaidMs, nowMs }: { repaidMs: number; nowMs: number },
): number {
  return Math.max(repaidMs, nowMs) + HOUR_MS / perHour;
}

/** The longest delay of a timer of Node. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/**
 * Decides when a client may try to reconnect: rarely, sooner when a message waits, and always within
 * the budget.
 *
 * @param delay the wait in milliseconds before repetition number `attempt`, 0 being the first.
 * @throws RangeError on a budget that would end the search for good.
 */
export function createReconnectGate({
  delay,
  budget,
  clock,
}: {
  delay: (attempt: number) => number;
  budget: AttemptBudget;
  clock: Clock;
}) {
  if (!(budget.burst >= 1 && budget.perHour > 0)) {
    throw new RangeError("a budget needs a burst of 1 or more, and a perHour above 0");
  }
  // Two backoffs: an urgent message must not reset the usual one.
  let attempts = { hasty: 0, calm: 0 };
  let pace: keyof typeof attempts = "calm";
  let hastyUntilMs = 0;
  let repaidMs = 0;
  let dueMs = 0;
  let wake = (): void => {};
  // A connection that ends at once (two devices of one client id take it from each other, again and
  // again) is not treated as urgent: that would only make them do so more often.
  let wasConnected = false;
  let isFlapping = false;

  function after(attempt: number): number {
    const delayMs = delay(attempt);
    if (!(delayMs >= 0)) throw new RangeError(`cannot wait for ${delayMs} ms`);
    return clock.monotonic() + delayMs;
  }

  async function sleep(waitMs: number, signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    wake = over.resolve;
    using _timer = clock.schedule(Math.min(waitMs, WAIT_MS_MAX), over.resolve);
    using _aborting = addAbortListener(signal, () => over.resolve());
    await over.promise;
  }

  return {
    /** For the client's `reconnect`. The client's attempt 0 begins an outage, and with it a new budget. */
    reconnect: async (attempt: number, signal: AbortSignal): Promise<void> => {
      if (attempt === 0) {
        attempts = { hasty: 0, calm: 0 };
        repaidMs = clock.monotonic();
      }
      isFlapping = wasConnected && attempt > 0;
      wasConnected = false;
      pace = clock.monotonic() < hastyUntilMs && !isFlapping ? "hasty" : "calm";
      dueMs = after(attempts[pace]);
      while (!signal.aborted) {
        const waitMs = Math.max(dueMs, earliestAttemptMs(budget, repaidMs)) - clock.monotonic();
        if (waitMs <= 0) break;
        await sleep(waitMs, signal);
      }
      repaidMs = spendAttempt(budget, { repaidMs, nowMs: clock.monotonic() });
      attempts[pace] += 1;
      attempts.calm = Math.max(attempts.calm, attempts.hasty);
    },
    /** For the client's `onConnected`. */
    connected: (): void => {
      wasConnected = true;
    },
    /** A message needs the connection during the next `forMs`: waits begin short again for so long. */
    hurry: (forMs: number): void => {
      if (forMs <= 0) return;
      hastyUntilMs = Math.max(hastyUntilMs, clock.monotonic() + forMs);
      if (isFlapping) return;
      attempts.hasty = 0;
      pace = "hasty";
      dueMs = Math.min(dueMs, after(0));
      wake();
    },
  };
}
