import type { Clock } from "@weir/runtime";

/** A device's log. Each line goes to the log of the process and to `devices/<id>/log/<level>`. */
export interface DeviceLog {
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  error(message: string, details?: object): void;
}

interface LogLimits {
  /** Lines in each window at most. */
  linesMax: number;
  windowMs: number;
  /** The line at the end of a window that says how many were left out. */
  restOf: (leftOut: number) => string;
}

const LIMITS: LogLimits = {
  linesMax: 10,
  windowMs: 60_000,
  restOf: (leftOut) => `${leftOut} more warnings like the last ones`,
};

/** A log for lines that others can cause without end: it writes a few in each window, then a count of the rest. */
export class LimitedLog implements Disposable {
  #log: Pick<DeviceLog, "info" | "warn">;
  #clock: Clock;
  #limits: LogLimits;
  #lines = 0;
  #leftOut = 0;
  #window: Disposable | null = null;

  constructor(log: Pick<DeviceLog, "info" | "warn">, clock: Clock, limits: LogLimits = LIMITS) {
    this.#log = log;
    this.#clock = clock;
    this.#limits = limits;
  }

  info(message: string, details?: object): void {
    if (this.#takes()) this.#log.info(message, details);
  }

  warn(message: string, details?: object): void {
    if (this.#takes()) this.#log.warn(message, details);
  }

  /** Ends the window, and reports how many lines were left out. */
  [Symbol.dispose](): void {
    this.#window?.[Symbol.dispose]();
    this.#window = null;
    const leftOut = this.#leftOut;
    this.#lines = 0;
    this.#leftOut = 0;
    if (leftOut > 0) this.#log.warn(this.#limits.restOf(leftOut), { leftOut });
  }

  #takes(): boolean {
    const { linesMax, windowMs } = this.#limits;
    this.#window ??= this.#clock.schedule(windowMs, () => this[Symbol.dispose]());
    if (this.#lines === linesMax) {
      this.#leftOut += 1;
      return false;
    }
    this.#lines += 1;
    return true;
  }
}
