import { type Clock, watchSteadiness } from "@weir/clock";
import { isLocked } from "@weir/sqlite";
import { EPOCH_IDLE_US, type StreamStore } from "@weir/store";

export interface ForgettingOptions {
  store: Pick<StreamStore, "forgetIdle">;
  /** How long the clock must have run evenly before anything counts as idle. */
  clockSteadyMs: number;
  clock: Clock;
  /** Called when it fails; it is not tried again. */
  onFault: (fault: unknown) => void;
}

const INTERVAL_MS = 60_000;
const ENTRIES_MAX = 1_000;

/** Has the ledger forget, into totals, what is complete and has been idle for a month. */
export function startForgetting(options: ForgettingOptions): Disposable {
  const { store, clockSteadyMs, clock, onFault } = options;
  const steadiness = watchSteadiness(clock);
  const timer = clock.repeat(INTERVAL_MS, () => {
    if (steadiness.steadyForMs() < clockSteadyMs) return;
    try {
      const idleBeforeUs = clock.now() * 1_000 - EPOCH_IDLE_US;
      store.forgetIdle({ idleBeforeUs, entriesMax: ENTRIES_MAX });
    } catch (fault) {
      // There is time: it is looked at again in a minute.
      if (isLocked(fault)) return;
      timer[Symbol.dispose]();
      onFault(fault);
    }
  });
  return timer;
}
