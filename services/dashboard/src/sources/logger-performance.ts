import { type LoggerPerformance, loggerPerformance } from "@weir/protocol";
import type { Clock } from "@weir/runtime";

/** What the logger says of itself, as it was published last. */
export class PerformanceReport {
  readonly #clock: Clock;
  readonly #validMs: number;
  #latest: LoggerPerformance | null = null;

  /** @param intervalMs after which the logger publishes the next one. */
  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    // One may be lost, and clocks differ by a little.
    this.#validMs = 3 * intervalMs + 5_000;
  }

  /** Takes over a message of the logger's topic. What has another form is left out: anyone may have sent it. */
  take({ payload }: { payload: Buffer }): void {
    let content: unknown;
    try {
      content = JSON.parse(payload.toString());
    } catch {
      return;
    }
    const { data } = loggerPerformance.safeParse(content);
    if (data !== undefined) this.#latest = data;
  }

  /** `null` while nothing came, and when the newest is old: the broker keeps it after the logger has ended. */
  latest(): LoggerPerformance | null {
    if (this.#latest === null) return null;
    return this.#clock.now() - this.#latest.at * 1_000 > this.#validMs ? null : this.#latest;
  }

  /** Whether reports stay away. @param sinceMs since when they would have come, in milliseconds since the epoch */
  isOverdue(sinceMs: number): boolean {
    return this.latest() === null && this.#clock.now() - sinceMs > this.#validMs;
  }
}
