import type { Clock } from "@weir/runtime";

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
