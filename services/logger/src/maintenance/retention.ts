import { type Clock, isLocked, type Logger, watchSteadiness } from "@weir/runtime";
import {
  EPOCH_IDLE_US,
  type FileStore,
  pruneLimits,
  type SegmentedStore,
  type StreamStore,
} from "@weir/store";

/** What a stream keeps; `null` is no limit. */
interface RetentionLimits {
  ageMs: number | null;
  /** For a folder all its segments, for a file the file itself. */
  bytesMax: number | null;
  /** So much of the disk is left to others. */
  freeDiskBytesMin: number | null;
}

/** How that is looked after. */
interface RetentionPace {
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

interface RetentionOptions {
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

/**
 * On a full disk retention comes before intake. Who takes in first ends by the first commit, at each
 * start, and the clock never runs for long enough to say that anything is old.
 */
interface Turn {
  /** Resolves when messages may be taken in: at once where there is room. */
  isOver: Promise<void>;
  isPending(): boolean;
  /** Looks at the disk after a pass. @param isAllDone nothing more is due. */
  look(isAllDone: boolean): void;
  /** There is no pass any more. */
  end(): void;
}

// A disk that is filled and emptied all the time is not told of each time.
const TELL_INTERVAL_MS = 60_000;

/** What a stream's retention waits for, and what the operator is told of it. */
function startTurn(options: {
  store: Pick<StreamStore, "isShortOfRoom">;
  clock: Clock;
  logger: Logger;
}): Turn {
  const { store, clock, logger } = options;
  const { promise, resolve } = Promise.withResolvers<void>();
  let isPending = true;
  let toldShort = false;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  function tell(isShort: boolean): void {
    if (isShort === toldShort || clock.monotonic() - toldAtMs < TELL_INTERVAL_MS) return;
    toldShort = isShort;
    toldAtMs = clock.monotonic();
    if (!isShort) {
      logger.info("the disk has room again, and the ballast is whole");
    } else if (isPending) {
      logger.error(
        { remedy: "Make room on the disk, or wait." },
        "the disk is all but full: nothing is taken in until what is due has been removed",
      );
    } else {
      logger.warn("the disk is all but full: what is due is removed with the room of the ballast");
    }
  }

  function end(): void {
    isPending = false;
    resolve();
  }

  function look(isAllDone: boolean): void {
    const isShort = store.isShortOfRoom();
    tell(isShort);
    if (!isShort || isAllDone) end();
  }

  look(false);
  return { isOver: promise, isPending: () => isPending, look, end };
}

interface ForgettingOptions {
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
