import { type Clock, isLocked, type Logger, watchSteadiness } from "@weir/runtime";
import { EPOCH_IDLE_US, type SegmentFinalizer, type StreamStore } from "@weir/store";
import type { MaintenanceConfig } from "./config.ts";
import type { LockWaits } from "./lock-waits.ts";
import { startRetention } from "./retention.ts";
import { startRotation } from "./rotation.ts";
import type { Stream } from "./stream.ts";

/** Runs what keeps a stream's files in order, beside the hot path: rotation, retention, the idle ledger. */
export function startMaintenance(
  { config, store, counts }: Stream,
  options: {
    maintenance: MaintenanceConfig;
    skewUs: number;
    finalizer: SegmentFinalizer;
    locks: LockWaits;
    clock: Clock;
    logger: Logger;
    /** Called when retention fails: a store that cannot be pruned is damaged, or its disk is. */
    fail: (fault: unknown) => void;
  },
) {
  const { maintenance, skewUs, finalizer, clock, fail, locks } = options;
  const logger = options.logger.child({ stream: config.name });
  const opened = new AsyncDisposableStack();
  if (store.kind === "folder" && config.rotationMs !== null) {
    opened.use(
      startRotation({
        periodMs: config.rotationMs,
        store,
        finalizer,
        clock,
        logger,
        onRotated: () => {
          counts.rotations += 1;
        },
        onFault: () => {
          counts.failedRotations += 1;
        },
      }),
    );
  }
  const { clockSteadyMs } = maintenance;
  opened.use(startForgetting({ store, clockSteadyMs, clock, onFault: fail }));
  const { mayTakeIn } = opened.use(
    startRetention(
      { ...config.retention, ...maintenance, skewUs },
      {
        store,
        clock,
        logger,
        untilUnlocked: () => locks.untilFree(config.name, () => store.isLocked()),
        onPruned: ({ rows, files }) => {
          counts.prunedRows += rows;
          counts.prunedFiles += files;
        },
        onFault: fail,
      },
    ),
  );
  return { mayTakeIn, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const INTERVAL_MS = 60_000;
const ENTRIES_MAX = 1_000;

/**
 * Moves ledger entries into totals once they are complete and have been idle for a month.
 *
 * @param options `clockSteadyMs`: how long the clock must have run evenly before anything counts as idle;
 *   `onFault` is called when it fails, and it is not tried again.
 */
export function startForgetting(options: {
  store: Pick<StreamStore, "forgetIdle">;
  clockSteadyMs: number;
  clock: Clock;
  onFault: (fault: unknown) => void;
}): Disposable {
  const { store, clockSteadyMs, clock, onFault } = options;
  const steadiness = watchSteadiness(clock);
  const timer = clock.repeat(INTERVAL_MS, () => {
    if (steadiness.steadyForMs() < clockSteadyMs) return;
    try {
      const idleBeforeUs = clock.now() * 1_000 - EPOCH_IDLE_US;
      store.forgetIdle({ idleBeforeUs, entriesMax: ENTRIES_MAX });
    } catch (fault) {
      // The next turn tries a locked store again.
      if (isLocked(fault)) return;
      timer[Symbol.dispose]();
      onFault(fault);
    }
  });
  return timer;
}
