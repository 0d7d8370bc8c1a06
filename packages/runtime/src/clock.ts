/** Time as a dependency: programs take the time and timers from it, and tests replace it. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. It may jump, in both directions. */
  now(): number;
  /** Milliseconds since an arbitrary start. It never jumps and never goes back. */
  monotonic(): number;
  /** Runs the task once, `delayMs` from now. Disposing before then cancels it. */
  schedule(delayMs: number, task: () => void): Disposable;
  /** Runs the task every `intervalMs`, first after one interval. Disposing ends it. */
  repeat(intervalMs: number, task: () => void): Disposable;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  repeat: (intervalMs, task) => {
    const timer = setInterval(task, intervalMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};

/**
 * Watches a clock for jumps (a set clock, NTP's first step, a restored machine). It notices a jump only when
 * it is asked, so ask often. A drift below `jumpMs` between two calls is slewing, not a jump.
 */
export function watchSteadiness(clock: Clock, jumpMs = 1_000) {
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
    /** Milliseconds since the wall clock was first seen or last jumped. */
    steadyForMs: (): number => {
      look();
      return clock.monotonic() - steadySinceMs;
    },
    /** By how many milliseconds the wall clock has jumped since the last call. */
    takeJumpMs: (): number => {
      look();
      const taken = jumpedMs;
      jumpedMs = 0;
      return taken;
    },
  };
}
