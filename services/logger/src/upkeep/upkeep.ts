import type { Clock } from "@weir/clock";
import type { Logger } from "@weir/service";
import type { Finisher } from "@weir/store";
import type { UpkeepConfig } from "../config.ts";
import type { LockWaits } from "../stream/lock-waits.ts";
import type { Stream } from "../stream/stream.ts";
import { startForgetting } from "./forgetting.ts";
import { type Retention, startRetention } from "./retention.ts";
import { startRotation } from "./rotation.ts";

export interface UpkeepOptions {
  upkeep: UpkeepConfig;
  skewUs: number;
  finisher: Finisher;
  locks: LockWaits;
  clock: Clock;
  logger: Logger;
  /** Called when retention fails: a store that cannot be pruned is not sound, or its disk is not. */
  fail: (fault: unknown) => void;
}

/** Upkeep that runs. */
export type Upkeep = Retention;

/** Keeps a stream's files in order, beside the way of its messages: rotation, finishing, retention, the ledger. */
export function startUpkeep({ config, store, counts }: Stream, options: UpkeepOptions): Upkeep {
  const { upkeep, skewUs, finisher, clock, fail, locks } = options;
  const logger = options.logger.child({ stream: config.name });
  const { rotationMs } = config;
  const opened = new AsyncDisposableStack();
  if (store.kind === "folder" && rotationMs !== null) {
    opened.use(
      startRotation({
        periodMs: rotationMs,
        store,
        finisher,
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
  const { clockSteadyMs } = upkeep;
  opened.use(startForgetting({ store, clockSteadyMs, clock, onFault: fail }));
  const { turnIsOver } = opened.use(
    startRetention(
      { ...config.retention, ...upkeep, skewUs },
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
