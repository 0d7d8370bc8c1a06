import type { Clock } from "@weir/clock";
import type { DeviceLog } from "../device/log.ts";

/** Warnings that a stranger can provoke: some a minute, and how many were left out. */
export interface LimitedLog extends Disposable {
  warn(message: string, details?: object): void;
}

const WINDOW_MS = 60_000;
const LINES_MAX = 10;

export function createLimitedLog({ log, clock }: { log: DeviceLog; clock: Clock }): LimitedLog {
  let lines = 0;
  let leftOut = 0;
  let window: Disposable | null = null;

  function close(): void {
    window?.[Symbol.dispose]();
    window = null;
    if (leftOut > 0) log.warn(`${leftOut} more warnings like the last ones`, { leftOut });
    lines = 0;
    leftOut = 0;
  }

  return {
    warn: (message, details) => {
      window ??= clock.schedule(WINDOW_MS, close);
      if (lines === LINES_MAX) {
        leftOut += 1;
        return;
      }
      lines += 1;
      log.warn(message, details);
    },
    [Symbol.dispose]: close,
  };
}
