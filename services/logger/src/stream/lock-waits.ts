import type { Clock, HealthCheck, Logger } from "@weir/runtime";

/**
 * What waits because another program has a write transaction open on a store. SQLite would wait by
 * stopping the process; this tries again and again from the event loop, and says what is waited for.
 */
export interface LockWaits extends Disposable {
  /**
   * Resolves when a stream's store is not locked any more: at once when it is not. When this is disposed
   * of, all that waits goes on.
   *
   * @param isLocked looks, without waiting. What it throws is passed on.
   */
  untilFree(stream: string, isLocked: () => boolean): Promise<void>;
  /** Whether something waits for the stream's store. */
  isWaiting(stream: string): boolean;
}

export interface LockWaitsOptions {
  clock: Clock;
  logger: Logger;
  check: HealthCheck;
}

const LOOK_MS = 100;

export function createLockWaits({ clock, logger, check }: LockWaitsOptions): LockWaits {
  // Of each stream: how many wait, and since when.
  const waiting = new Map<string, { count: number; sinceMs: number }>();
  const looks = new Set<() => void>();
  let isStopped = false;
  tellCheck();

  function tellCheck(): void {
    const names = [...waiting.keys()].join(", ");
    if (waiting.size === 0) check.pass();
    else {
      check.fail(
        `another program has a write transaction open on the store of ${names}; nothing is taken in until it ends`,
      );
    }
  }

  function began(stream: string): void {
    const known = waiting.get(stream);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    waiting.set(stream, { count: 1, sinceMs: clock.monotonic() });
    tellCheck();
    logger.warn(
      { stream, remedy: "End that program's transaction, or the program." },
      "the store is locked: another program has a write transaction open. Nothing is taken in or acknowledged until it ends",
    );
  }

  function ended(stream: string): void {
    const known = waiting.get(stream);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count > 0) return;
    waiting.delete(stream);
    tellCheck();
    const waitedMs = Math.round(clock.monotonic() - known.sinceMs);
    logger.info({ stream, waitedMs }, "the store is not locked any more");
  }

  async function nextLook(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = clock.schedule(LOOK_MS, resolve);
    looks.add(resolve);
    await promise;
    looks.delete(resolve);
  }

  return {
    untilFree: async (stream, isLocked) => {
      if (isStopped || !isLocked()) return;
      began(stream);
      try {
        do await nextLook();
        while (!isStopped && isLocked());
      } finally {
        ended(stream);
      }
    },
    isWaiting: (stream) => waiting.has(stream),
    [Symbol.dispose]: () => {
      isStopped = true;
      for (const look of looks) look();
    },
  };
}
