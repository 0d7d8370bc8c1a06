import type { Clock, Logger } from "@weir/runtime";

/** While the file cannot be written, each attempt may take as long as SQLite waits. */
const RETRY_MS = 60_000;

/** Writes to the dashboard's file that may be left out: when something was used, what has expired. */
export class DeferrableWrites {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Writes, unless that has failed a moment ago. A failure is logged. */
  attempt(write: () => void): void {
    if (this.#clock.monotonic() < this.#notBeforeMs) return;
    try {
      write();
    } catch (error) {
      this.#notBeforeMs = this.#clock.monotonic() + RETRY_MS;
      this.#logger.warn({ err: error }, "DASHBOARD_FILE cannot be written");
    }
  }
}
