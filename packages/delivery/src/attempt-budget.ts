import { type Backoff, RECONNECT_BACKOFF } from "@weir/mqtt";

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
