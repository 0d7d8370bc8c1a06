import type { Clock } from "@weir/clock";
import type { DeviceLog } from "../device/log.ts";

/** Lines that may come without end: some in each while, and then how many were left out. */
export interface LimitedLog extends Disposable {
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
}

export interface LimitedLogOptions {
  log: Pick<DeviceLog, "info" | "warn">;
  clock: Clock;
  /** At most so many lines in so long; 10 a minute unless they are given. */
  linesMax?: number;
  windowMs?: number;
  /** What is said of those that were left out, when the while is over. */
  restOf?: (leftOut: number) => string;
}

export function createLimitedLog(options: LimitedLogOptions): LimitedLog {
  const { log, clock, linesMax = 10, windowMs = 60_000 } = options;
  const { restOf = (count: number) => `${count} more warnings like the last ones` } = options;
  let lines = 0;
  let leftOut = 0;
  let window: Disposable | null = null;

  function close(): void {
    window?.[Symbol.dispose]();
    window = null;
    if (leftOut > 0) log.warn(restOf(leftOut), { leftOut });
    lines = 0;
    leftOut = 0;
  }

  function writer(level: "info" | "warn"): LimitedLog["warn"] {
    return (message, details) => {
      window ??= clock.schedule(windowMs, close);
      if (lines === linesMax) {
        leftOut += 1;
        return;
      }
      lines += 1;
      log[level](message, details);
    };
  }

  return { info: writer("info"), warn: writer("warn"), [Symbol.dispose]: close };
}
