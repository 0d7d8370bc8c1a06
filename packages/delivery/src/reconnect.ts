import { addAbortListener } from "node:events";
import { type Backoff, RECONNECT_BACKOFF } from "@weir/mqtt";
import type { Clock } from "@weir/runtime";

interface ReconnectGateOptions {
  /** The wait in milliseconds before repetition number `attempt`, 0 being the first. */
  delay: (attempt: number) => number;
  budget: AttemptBudget;
  clock: Clock;
}

/** Says when a client may try to reconnect: seldom, soon when somebody asks, and within the budget always. */
export interface ReconnectGate {
  /** For the client's `reconnect`. The client's attempt 0 begins an outage, and with it a new budget. */
  reconnect(attempt: number, signal: AbortSignal): Promise<void>;
  /** For the client's `onConnected`. */
  connected(): void;
  /** Somebody needs the connection during the next `forMs`: it begins with short waits again for so long. */
  hurry(forMs: number): void;
}

/** The longest wait that a timer of Node can keep. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/** @throws RangeError on a budget that would end the search for good. */
export function createReconnectGate({ delay, budget, clock }: ReconnectGateOptions): ReconnectGate {
  if (!(budget.burst >= 1 && budget.perHour > 0)) {
    throw new RangeError("a budget needs a burst of 1 or more, and a perHour above 0");
  }
  // Two backoffs: haste for one message must not make the search for the broker begin anew.
  let attempts = { hasty: 0, calm: 0 };
  let pace: keyof typeof attempts = "calm";
  let hastyUntilMs = 0;
  let repaidMs = 0;
  let dueMs = 0;
  let wake = (): void => {};
  // A connection that does not last (a second device of the same name takes it over, again and again) is
  // no better for haste: both would only take it from each other more often.
  let wasConnected = false;
  let isFlapping = false;

  function after(attempt: number): number {
    const delayMs = delay(attempt);
    if (!(delayMs >= 0)) throw new RangeError(`cannot wait for ${delayMs} ms`);
    return clock.monotonic() + delayMs;
  }

  async function next(waitMs: number, signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    wake = over.resolve;
    using _timer = clock.schedule(Math.min(waitMs, WAIT_MS_MAX), over.resolve);
    using _aborting = addAbortListener(signal, () => over.resolve());
    await over.promise;
  }

  return {
    reconnect: async (attempt, signal) => {
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
        await next(waitMs, signal);
      }
      repaidMs = spendAttempt(budget, { repaidMs, nowMs: clock.monotonic() });
      attempts[pace] += 1;
      attempts.calm = Math.max(attempts.calm, attempts.hasty);
    },
    connected: () => {
      wasConnected = true;
    },
    hurry: (forMs) => {
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

/** How many attempts to reconnect an outage may cost: in any t hours of it at most `burst + perHour * t`. */
export interface AttemptBudget {
  /** At least 1. */
  burst: number;
  /** How many come back in an hour. */
  perHour: number;
}

/** How a device looks for a broker that is away. */
export interface PowerPolicy {
  /** Between one attempt and the next: full jitter. */
  backoff: Backoff;
  budget: AttemptBudget;
}

/**
 * For a device on a battery: half an hour between attempts on average, in the end; never more than
 * 20 + 3 * 24 = 92 in the first day of an outage, and never longer than an hour without one.
 */
export const ON_BATTERY: PowerPolicy = {
  backoff: { baseMs: 1_000, capMs: 60 * 60 * 1_000 },
  budget: { burst: 20, perHour: 3 },
};

/** For a device on mains: a broker that is back is found within ten seconds, whatever that costs. */
export const ON_MAINS: PowerPolicy = {
  backoff: RECONNECT_BACKOFF,
  budget: { burst: 1, perHour: Number.POSITIVE_INFINITY },
};

const HOUR_MS = 60 * 60 * 1_000;

/**
 * The earliest time at which the budget allows an attempt. All that was spent is one number, the time
 * at which it will have come back; all times are in milliseconds on one clock that never goes back.
 */
export function earliestAttemptMs({ burst, perHour }: AttemptBudget, repaidMs: number): number {
  return repaidMs - (burst - 1) * (HOUR_MS / perHour);
}

/** Spends one attempt: when all will have come back after it. */
export function spendAttempt(
  { perHour }: AttemptBudget,
  { repaidMs, nowMs }: { repaidMs: number; nowMs: number },
): number {
  return Math.max(repaidMs, nowMs) + HOUR_MS / perHour;
}
