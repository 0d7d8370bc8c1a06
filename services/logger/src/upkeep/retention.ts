import { type Clock, watchSteadiness } from "@weir/clock";
import type { Logger } from "@weir/service";
import { isLocked } from "@weir/sqlite";
import { type FileStore, pruneLimits, type SegmentedStore, type StreamStore } from "@weir/store";
import { startTurn } from "./turn.ts";

/** What a stream keeps; `null` is no limit. */
export interface RetentionLimits {
  ageMs: number | null;
  /** For a folder all its segments, for a file the file itself. */
  bytesMax: number | null;
  /** So much of the disk is left to others. */
  freeDiskBytesMin: number | null;
}

/** How that is looked after. */
export interface RetentionPace {
  /** Between two looks. */
  intervalMs: number;
  /** How long the clock must have run evenly before anything counts as old. */
  clockSteadyMs: number;
  /** How far in the future a row's time of reception may lie. */
  skewUs: number;
  /** Rows that one pass over a file removes at most. */
  rowsMax: number;
}

/** What a pass has removed. */
export interface Removed {
  rows: number;
  files: number;
}

export interface RetentionOptions {
  store: StreamStore;
  clock: Clock;
  logger: Logger;
  onPruned: (removed: Removed) => void;
  /** Resolves when no other program has the store locked. */
  untilUnlocked: () => Promise<void>;
  /** Called when a pass fails; there is none after it. */
  onFault: (fault: unknown) => void;
}

/** Retention that runs. */
export interface Retention extends AsyncDisposable {
  /** Resolves when messages may be taken in: on a full disk once what is due has gone. */
  turnIsOver: Promise<void>;
}

// A commit waits for a pass that has begun: what is begun within this time ends well within 50 ms.
const PASS_MS_MAX = 15;
// Commits get as much time as passes, also when there is much to remove.
const PAUSE_MS = 20;
// On a full disk intake waits for passes.
const PENDING_PAUSE_MS = 1_000;

/**
 * Prunes a store from time to time, a bounded amount in each pass. Age counts only while the clock has
 * run evenly for some minutes: a clock that jumps forward would make everything look old.
 */
export function startRetention(
  config: RetentionLimits & RetentionPace,
  options: RetentionOptions,
): Retention {
  const { store, clock, logger, onPruned, onFault, untilUnlocked } = options;
  const steadiness = watchSteadiness(clock);
  const context = {
    limits: config,
    clock,
    isSteady: () => steadiness.steadyForMs() >= config.clockSteadyMs,
  };
  const pass =
    store.kind === "file"
      ? createRowPass(store, { ...context, pace: config })
      : createFilePass(store, context);
  const turn = startTurn(options);
  let isStopped = false;
  let timer: Disposable | null = null;
  let running: Promise<void> | null = null;

  const pauseMs = (): number =>
    turn.isPending() ? Math.min(config.intervalMs, PENDING_PAUSE_MS) : config.intervalMs;

  function schedule(delayMs: number): void {
    if (!isStopped) timer = clock.schedule(delayMs, run);
  }

  function run(): void {
    if (isStopped) return;
    const isAgeKnown = config.ageMs === null || context.isSteady();
    const done = (passed: Passed): void => settle(passed, isAgeKnown);
    try {
      const passed = pass();
      if (passed instanceof Promise) running = passed.then(done).catch(stop);
      else done(passed);
    } catch (fault) {
      if (isLocked(fault)) running = untilUnlocked().then(run).catch(stop);
      else stop(fault);
    }
  }

  function settle({ removed, more }: Passed, isAgeKnown: boolean): void {
    if (removed.rows > 0 || removed.files > 0) {
      onPruned(removed);
      logger.debug(removed, "pruned");
    }
    turn.look(isAgeKnown && !more);
    schedule(more ? PAUSE_MS : pauseMs());
  }

  function stop(fault: unknown): void {
    isStopped = true;
    onFault(fault);
    turn.end();
  }

  schedule(pauseMs());
  return {
    turnIsOver: turn.isOver,
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      turn.end();
      timer?.[Symbol.dispose]();
      await running;
    },
  };
}

interface PassContext {
  limits: RetentionLimits;
  clock: Clock;
  /** Whether what the clock says of age can be believed. */
  isSteady: () => boolean;
}

interface Passed {
  removed: Removed;
  more: boolean;
}

function createRowPass(
  store: FileStore,
  { limits, pace, clock, isSteady }: PassContext & { pace: RetentionPace },
): () => Passed {
  const { ageMs, bytesMax, freeDiskBytesMin } = limits;
  const { skewUs, rowsMax } = pace;
  return () => {
    const endMs = clock.monotonic() + PASS_MS_MAX;
    const { rows, more } = store.prune(
      pruneLimits({
        nowUs: clock.now() * 1_000,
        retentionUs: ageMs !== null && isSteady() ? ageMs * 1_000 : null,
        skewUs,
        bytesMax,
        freeDiskBytesMin,
        rowsMax,
        isOver: () => clock.monotonic() >= endMs,
      }),
    );
    return { removed: { rows, files: 0 }, more };
  };
}

function createFilePass(
  store: SegmentedStore,
  { limits, clock, isSteady }: PassContext,
): () => Promise<Passed> {
  const { ageMs, bytesMax, freeDiskBytesMin } = limits;
  return async () => {
    const nowUs = clock.now() * 1_000;
    const ageCutoffUs = ageMs !== null && isSteady() ? nowUs - ageMs * 1_000 : null;
    const { files, more } = await store.removeOldest({
      nowUs,
      ageCutoffUs,
      bytesMax,
      freeDiskBytesMin,
    });
    return { removed: { rows: 0, files: files.length }, more };
  };
}
