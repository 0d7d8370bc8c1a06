import type { Clock } from "./clock.ts";

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
