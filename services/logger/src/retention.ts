import { type Clock, isLocked, type Logger, watchSteadiness } from "@weir/runtime";
import { type FileStore, pruneLimits, type SegmentedStore, type StreamStore } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { MaintenanceConfig } from "./config.ts";

/** What a stream keeps, and how retention looks after it. */
type RetentionConfig = StreamConfig["retention"] &
  MaintenanceConfig & {
    /** How far in the future a row's time of reception may lie. */
    skewUs: number;
  };

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
export function startRetention(config: RetentionConfig, options: RetentionOptions) {
  const { store, clock, logger, onPruned, onFault, untilUnlocked } = options;
  const steadiness = watchSteadiness(clock);
  const isSteady = (): boolean => steadiness.steadyForMs() >= config.clockSteadyMs;
  const gate = createIntakeGate(options);
  let isStopped = false;
  let timer: Disposable | null = null;
  let running: Promise<void> | null = null;

  const pauseMs = (): number =>
    gate.isClosed() ? Math.min(config.intervalMs, PENDING_PAUSE_MS) : config.intervalMs;

  function schedule(delayMs: number): void {
    if (!isStopped) timer = clock.schedule(delayMs, run);
  }

  function run(): void {
    if (isStopped) return;
    const isAgeKnown = config.ageMs === null || isSteady();
    const ageMs = isAgeKnown ? config.ageMs : null;
    const done = (pass: Pass): void => settle(pass, isAgeKnown);
    try {
      if (store.kind === "file") done(pruneRows(store, { ...config, ageMs }, clock));
      else
        running = removeFiles(store, { ...config, ageMs }, clock)
          .then(done)
          .catch(stop);
    } catch (fault) {
      if (isLocked(fault)) running = untilUnlocked().then(run).catch(stop);
      else stop(fault);
    }
  }

  function settle({ more, ...removed }: Pass, isAgeKnown: boolean): void {
    if (removed.rows > 0 || removed.files > 0) {
      onPruned(removed);
      logger.debug(removed, "pruned");
    }
    gate.look(isAgeKnown && !more);
    schedule(more ? PAUSE_MS : pauseMs());
  }

  function stop(fault: unknown): void {
    isStopped = true;
    onFault(fault);
    gate.open();
  }

  schedule(pauseMs());
  return {
    /** Resolves when messages may be stored: on a full disk once everything due has been removed. */
    mayStore: gate.opened,
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      gate.open();
      timer?.[Symbol.dispose]();
      await running;
    },
  };
}

interface Pass extends Removed {
  /** Whether more is due. */
  more: boolean;
}

function pruneRows(
  store: FileStore,
  { ageMs, bytesMax, freeDiskBytesMin, skewUs, rowsMax }: RetentionConfig,
  clock: Clock,
): Pass {
  const endMs = clock.monotonic() + PASS_MS_MAX;
  const { rows, more } = store.prune(
    pruneLimits({
      nowUs: clock.now() * 1_000,
      retentionUs: ageMs === null ? null : ageMs * 1_000,
      skewUs,
      bytesMax,
      freeDiskBytesMin,
      rowsMax,
      isOver: () => clock.monotonic() >= endMs,
    }),
  );
  return { rows, files: 0, more };
}

async function removeFiles(
  store: SegmentedStore,
  { ageMs, bytesMax, freeDiskBytesMin }: RetentionConfig,
  clock: Clock,
): Promise<Pass> {
  const nowUs = clock.now() * 1_000;
  const ageCutoffUs = ageMs === null ? null : nowUs - ageMs * 1_000;
  const limits = { nowUs, ageCutoffUs, bytesMax, freeDiskBytesMin };
  const { files, more } = await store.removeOldest(limits);
  return { rows: 0, files: files.length, more };
}

// A disk that fills and empties again and again is not logged each time.
const LOG_INTERVAL_MS = 60_000;

/**
 * Keeps intake closed on a full disk until retention has run. Without it the first commit fails
 * at each start, and the clock never runs for long enough to know that anything is old.
 */
function createIntakeGate({
  store,
  clock,
  logger,
}: Pick<RetentionOptions, "store" | "clock" | "logger">) {
  const { promise: opened, resolve } = Promise.withResolvers<void>();
  let isClosed = true;
  let wasShort = false;
  let loggedAtMs = Number.NEGATIVE_INFINITY;

  function log(isShort: boolean): void {
    if (isShort === wasShort || clock.monotonic() - loggedAtMs < LOG_INTERVAL_MS) return;
    wasShort = isShort;
    loggedAtMs = clock.monotonic();
    if (!isShort) {
      logger.info("the disk has free space again, and the ballast is complete");
    } else if (isClosed) {
      logger.error(
        { remedy: "Free some disk space, or wait." },
        "the disk is almost full: no messages are stored until retention has removed what is due",
      );
    } else {
      logger.warn(
        "the disk is almost full: retention removes what is due, with the space of the ballast",
      );
    }
  }

  function open(): void {
    isClosed = false;
    resolve();
  }

  /** Looks at the disk, after a pass. @param isAllDone nothing more is due. */
  function look(isAllDone: boolean): void {
    const isShort = store.isShortOfSpace();
    log(isShort);
    if (!isShort || isAllDone) open();
  }

  look(false);
  return { opened, isClosed: () => isClosed, look, open };
}
