import type { Clock } from "./clock.ts";

/** Tells how long the wall clock has run evenly beside the monotonic one. */
export interface Steadiness {
  /** Milliseconds since the wall clock was first seen or last jumped. Call it often: it notices a jump only when asked. */
  steadyForMs(): number;
}

/**
 * Watches a clock for jumps (a set clock, NTP's first step, a restored machine).
 * A drift below `jumpMs` between two calls is slewing, not a jump.
 */
export function watchSteadiness(clock: Clock, jumpMs = 1_000): Steadiness {
  let offsetMs = clock.now() - clock.monotonic();
  let steadySinceMs = clock.monotonic();
  return {
    steadyForMs: () => {
      const monotonicMs = clock.monotonic();
      const currentOffsetMs = clock.now() - monotonicMs;
      if (Math.abs(currentOffsetMs - offsetMs) >= jumpMs) steadySinceMs = monotonicMs;
      offsetMs = currentOffsetMs;
      return monotonicMs - steadySinceMs;
    },
  };
}
