import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "@weir/runtime";

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

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Lets time pass: runs what falls due, in order. */
  advance(byMs: number): void;
  /** Sets the wall clock forward or back. Timers and the monotonic clock do not notice. */
  jump(byMs: number): void;
}

interface Timer {
  dueMs: number;
  intervalMs: number | null;
  task: () => void;
}

/** @param startMs the wall time at which it stands, in milliseconds since the epoch. */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  const timers = new Set<Timer>();
  let passedMs = 0;
  let wallOffsetMs = startMs;

  function add(timer: Timer): Disposable {
    timers.add(timer);
    return { [Symbol.dispose]: () => timers.delete(timer) };
  }

  function nextDue(untilMs: number): Timer | undefined {
    const due = [...timers].filter(({ dueMs }) => dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }

  return {
    now: () => wallOffsetMs + passedMs,
    monotonic: () => passedMs,
    schedule: (delayMs, task) => add({ dueMs: passedMs + delayMs, intervalMs: null, task }),
    repeat: (intervalMs, task) => add({ dueMs: passedMs + intervalMs, intervalMs, task }),
    jump: (byMs) => {
      wallOffsetMs += byMs;
    },
    advance: (byMs) => {
      const untilMs = passedMs + byMs;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        passedMs = timer.dueMs;
        if (timer.intervalMs === null) timers.delete(timer);
        else timer.dueMs += timer.intervalMs;
        timer.task();
      }
      passedMs = untilMs;
    },
  };
}
