import type { Clock } from "./clock.ts";

/** Tells how long the wall clock has run evenly beside the monotonic one. */
export interface Steadiness {
  /** Milliseconds since the wall clock was first seen or last jumped. Call it often: it notices a jump only when asked. */
  steadyForMs(): number;
  /** By how many milliseconds the wall clock has jumped since this was last asked; 0 while it has not. */
  takeJumpMs(): number;
}

/**
 * Watches a clock for jumps (a set clock, NTP's first step, a restored machine).
 * A drift below `jumpMs` between two calls is slewing, not a jump.
 */
export function watchSteadiness(clock: Clock, jumpMs = 1_000): Steadiness {
  let offsetMs = clock.now() - clock.monotonic();
  let steadySinceMs = clock.monotonic();
  let jumpedMs = 0;

  function look(): void {
    const monotonicMs = clock.monotonic();
    const currentOffsetMs = clock.now() - monotonicMs;
    const driftMs = currentOffsetMs - offsetMs;
    offsetMs = currentOffsetMs;
    if (Math.abs(driftMs) < jumpMs) return;
    steadySinceMs = monotonicMs;
    jumpedMs += driftMs;
  }

  return {
    steadyForMs: () => {
      look();
      return clock.monotonic() - steadySinceMs;
    },
    takeJumpMs: () => {
      look();
      const taken = jumpedMs;
      jumpedMs = 0;
      return taken;
    },
  };
}
