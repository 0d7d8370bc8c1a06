import { pause } from "@weir/mqtt";
import type { Clock, HealthCheck, Logger } from "@weir/runtime";

const LOOK_MS = 100;

/**
 * Work that waits because another program has a write transaction open on a store. SQLite would wait by
 * stopping the process; this looks again and again from the event loop, and reports what is waited for.
 */
export class LockWaits implements Disposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #check: HealthCheck;
  /** By stream: how many wait, and since when. */
  readonly #waiting = new Map<string, { count: number; sinceMs: number }>();
  readonly #stopping = new AbortController();

  constructor({ clock, logger, check }: { clock: Clock; logger: Logger; check: HealthCheck }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#check = check;
    this.#updateCheck();
  }

  /**
   * Resolves when a stream's store is no longer locked: at once when it is not. Disposing resolves all.
   *
   * @param isLocked looks, without waiting. An error that it throws is passed on.
   */
  async untilFree(stream: string, isLocked: () => boolean): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted || !isLocked()) return;
    this.#begin(stream);
    try {
      do await pause(this.#clock, LOOK_MS, signal);
      while (!signal.aborted && isLocked());
    } finally {
      this.#end(stream);
    }
  }

  /** Whether something waits for the stream's store. */
  isWaiting(stream: string): boolean {
    return this.#waiting.has(stream);
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
  }

  #begin(stream: string): void {
    const known = this.#waiting.get(stream);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    this.#waiting.set(stream, { count: 1, sinceMs: this.#clock.monotonic() });
    this.#updateCheck();
    this.#logger.warn(
      { stream, remedy: "End that program's transaction, or the program." },
      "the store is locked: another program has a write transaction open. No messages are stored or acknowledged until it ends",
    );
  }

  #end(stream: string): void {
    const known = this.#waiting.get(stream);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count > 0) return;
    this.#waiting.delete(stream);
    this.#updateCheck();
    const waitedMs = Math.round(this.#clock.monotonic() - known.sinceMs);
    this.#logger.info({ stream, waitedMs }, "the store is no longer locked");
  }

  #updateCheck(): void {
    const names = [...this.#waiting.keys()].join(", ");
    if (names === "") this.#check.pass();
    else {
      this.#check.fail(
        `another program has a write transaction open on the store of ${names}; no messages are stored until it ends`,
      );
    }
  }
}
