import { type Clock, watchSteadiness } from "@weir/clock";
import type { Logger } from "@weir/service";
import { pruneLimits, type Store } from "@weir/store";
import type { RetentionConfig } from "./config.ts";

export interface RetentionOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  onPruned: (rows: number) => void;
  /** Called when a pass fails; there is none after it. */
  onFault: (fault: unknown) => void;
}

/**
 * Prunes the store from time to time, a bounded number of rows in each pass, and only while the clock
 * has run evenly for some minutes: a clock that jumps forward would make everything look old.
 */
export function startRetention(config: RetentionConfig, options: RetentionOptions): Disposable {
  const { store, clock, logger, onPruned, onFault } = options;
  const steadiness = watchSteadiness(clock);

  function pass(): void {
    if (steadiness.steadyForMs() < config.clockSteadyMs) return;
    const nowUs = clock.now() * 1_000;
    const { rows } = store.prune(pruneLimits({ ...config, nowUs }));
    if (rows === 0) return;
    onPruned(rows);
    logger.debug({ rows }, "pruned");
  }

  const timer = clock.repeat(config.intervalMs, () => {
    try {
      pass();
    } catch (fault) {
      timer[Symbol.dispose]();
      onFault(fault);
    }
  });
  return timer;
}
