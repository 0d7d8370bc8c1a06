import type { Clock, Logger } from "@weir/runtime";
import type { SegmentFinalizer } from "@weir/store";
import type { UpkeepConfig } from "../config.ts";
import type { LockWaits } from "../stream/lock-waits.ts";
import type { Stream } from "../stream/stream.ts";
import { type Retention, startForgetting, startRetention } from "./retention.ts";
import { startRotation } from "./rotation.ts";

interface UpkeepOptions {
  maintenance: UpkeepConfig;
  skewUs: number;
  finalizer: SegmentFinalizer;
  locks: LockWaits;
  clock: Clock;
  logger: Logger;
  /** Called when retention fails: a store that cannot be pruned is not sound, or its disk is not. */
  fail: (fault: unknown) => void;
}

/** Maintenance that runs. */
type Maintenance = Retention;

/** Keeps a stream's files in order, beside the way of its messages: rotation, finishing, retention, the ledger. */
export function startMaintenance(
  { config, store, counts }: Stream,
  options: UpkeepOptions,
): Maintenance {
  const { maintenance, skewUs, finalizer, clock, fail, locks } = options;
  const logger = options.logger.child({ stream: config.name });
  const { rotationMs } = config;
  const opened = new AsyncDisposableStack();
  if (store.kind === "folder" && rotationMs !== null) {
    opened.use(
      startRotation({
        periodMs: rotationMs,
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
  const { turnIsOver } = opened.use(
    startRetention(
      { ...config.retention, ...maintenance, skewUs },
      {
        store,
        clock,
        logger,
        untilUnlocked: () => locks.untilFree(config.name, store.isLocked),
        onPruned: ({ rows, files }) => {
          counts.prunedRows += rows;
          counts.prunedFiles += files;
        },
        onFault: fail,
      },
    ),
  );
  return { turnIsOver, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
