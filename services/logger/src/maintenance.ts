import {
  type Clock,
  errorMessage,
  Fault,
  isLocked,
  type Logger,
  watchSteadiness,
} from "@weir/runtime";
import {
  EPOCH_IDLE_US,
  type Rotated,
  type SegmentedStore,
  type SegmentFinalizer,
  type StreamStore,
} from "@weir/store";
import type { MaintenanceConfig } from "./config.ts";
import type { LockWaits } from "./lock-waits.ts";
import { startRetention } from "./retention.ts";
import type { Stream, StreamCounts } from "./stream.ts";

/** Runs what keeps a stream's files in order, beside the hot path: rotation, archive, retention, the idle ledger. */
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
    const periodMs = config.rotationMs;
    opened.use(startRotation({ periodMs, store, finalizer, clock, logger, counts }));
  }
  const { clockSteadyMs } = maintenance;
  if (store.kind === "folder" && config.archiveAfterMs !== null) {
    const afterMs = config.archiveAfterMs;
    opened.use(startArchiving({ afterMs, clockSteadyMs, store, finalizer, clock, logger }));
  }
  opened.use(startForgetting({ store, clockSteadyMs, clock, onFault: fail }));
  const { mayStore } = opened.use(
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
  return { mayStore, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

// The clock may jump while a timer runs.
const LOOK_MS_MAX = 10_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;

/**
 * Begins a segment in each period, whether messages come or not, and hands the closed ones to the
 * finalizer: at the start also those that an earlier process left. A segment of an earlier period is
 * rotated at once.
 */
export function startRotation(options: {
  /** A segment's span; it begins at multiples of it since the epoch: a day's at midnight UTC. */
  periodMs: number;
  store: SegmentedStore;
  finalizer: Pick<SegmentFinalizer, "finish">;
  clock: Clock;
  logger: Logger;
  counts: Pick<StreamCounts, "rotations" | "failedRotations">;
}): Disposable {
  const { periodMs, store, finalizer, clock, logger, counts } = options;
  let failures = 0;
  let timer: Disposable | null = null;

  function look(): void {
    const nowMs = clock.now();
    const waitMs = msUntilRotation({ nowMs, sinceMs: store.liveSinceUs() / 1_000, periodMs });
    timer = clock.schedule(waitMs > 0 ? untilLook(waitMs) : rotate(nowMs), look);
  }

  /** @returns when to look again, in milliseconds from now. */
  function rotate(nowMs: number): number {
    let rotated: Rotated;
    try {
      rotated = store.rotate(nowMs * 1_000);
    } catch (fault) {
      // A lock may end at any moment; a full disk takes longer.
      if (isLocked(fault)) failures = 0;
      const retryMs = Math.min(RETRY_FIRST_MS * 2 ** failures, RETRY_LAST_MS);
      failures += 1;
      const remedy = fault instanceof Fault ? fault.remedy : undefined;
      logger.error(
        { reason: errorMessage(fault), remedy, retryMs },
        "no new segment could be started",
      );
      counts.failedRotations += 1;
      return retryMs;
    }
    failures = 0;
    logger.info(rotated, "began a new segment");
    counts.rotations += 1;
    finalizer.finish(rotated.sealed);
    return untilLook(msUntilRotation({ nowMs, sinceMs: nowMs, periodMs }));
  }

  for (const file of store.unfinished()) finalizer.finish(file);
  look();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/**
 * How long the live segment lasts: to the end of the period that it was begun in. It ends at once when it
 * was begun by a clock that was ahead by more than a period.
 *
 * @returns 0 or less when the next is due.
 */
export function msUntilRotation(times: {
  nowMs: number;
  sinceMs: number;
  periodMs: number;
}): number {
  const { nowMs, sinceMs, periodMs } = times;
  if (sinceMs - nowMs > periodMs) return 0;
  const endMs = (Math.floor(sinceMs / periodMs) + 1) * periodMs;
  return endMs - nowMs;
}

const untilLook = (waitMs: number): number => Math.min(Math.ceil(waitMs), LOOK_MS_MAX);

const INTERVAL_MS = 60_000;
const ENTRIES_MAX = 1_000;

/**
 * Hands segments to the finalizer, which makes Parquet files of them, once they are old enough.
 *
 * @param options `afterMs`: how long after its end; `clockSteadyMs`: how long the clock must have run evenly before
 *   anything counts as old.
 */
export function startArchiving(options: {
  afterMs: number;
  clockSteadyMs: number;
  store: Pick<SegmentedStore, "toArchive" | "noteArchived">;
  finalizer: Pick<SegmentFinalizer, "archive">;
  clock: Clock;
  logger: Logger;
}): Disposable {
  const { afterMs, clockSteadyMs, store, finalizer, clock, logger } = options;
  const steadiness = watchSteadiness(clock);
  return clock.repeat(INTERVAL_MS, () => {
    if (steadiness.steadyForMs() < clockSteadyMs) return;
    for (const file of store.toArchive((clock.now() - afterMs) * 1_000)) {
      finalizer.archive(file, () => {
        store.noteArchived(file);
        logger.info({ file }, "archived a closed segment as a Parquet file");
      });
    }
  });
}

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
