import { type Clock, isLocked } from "@weir/runtime";

/**
 * Runs what writes to a file, and once more while another program has it locked: SQLite would wait by
 * stopping the whole process.
 */
export interface LockRetries extends Disposable {
  /**
   * Runs a task, at once or when those before it have run. It may run more than once, as long as it
   * throws because of a lock.
   *
   * @param stopped called with the reason instead, when there is no time left to run it.
   * @returns whether there was room for it; without, it is not run.
   */
  run(task: () => void, stopped?: (fault: unknown) => void): boolean;
  /** Whether something waits for a lock. */
  isWaiting(): boolean;
}

export interface LockRetriesOptions {
  clock: Clock;
  /** Called when a wait begins, and when it ends. */
  onLocked: (isLocked: boolean) => void;
  /** Gets what a task throws for another reason. */
  onFault: (fault: unknown) => void;
}

const RETRY_MS = 100;
/** Tasks that wait at most. What is beyond them is asked for again by a later receipt, or refused. */
const TASKS_MAX = 10_000;

export function createLockRetries({ clock, onLocked, onFault }: LockRetriesOptions): LockRetries {
  let waiting: { task: () => void; stopped: (fault: unknown) => void }[] = [];
  let reason: unknown = null;
  let timer: Disposable | null = null;

  /** Whether it has run, well or not. */
  function hasRun(task: () => void): boolean {
    try {
      task();
    } catch (fault) {
      if (isLocked(fault)) {
        reason = fault;
        return false;
      }
      onFault(fault);
    }
    return true;
  }

  function retry(): void {
    timer = null;
    let done = 0;
    for (const { task } of waiting) {
      if (!hasRun(task)) break;
      done += 1;
    }
    // A task may have added others behind itself.
    waiting = waiting.slice(done);
    if (waiting.length > 0) timer = clock.schedule(RETRY_MS, retry);
    else onLocked(false);
  }

  return {
    run: (task, stopped = () => {}) => {
      if (waiting.length >= TASKS_MAX) return false;
      if (waiting.length === 0 && hasRun(task)) return true;
      waiting.push({ task, stopped });
      if (waiting.length > 1) return true;
      timer = clock.schedule(RETRY_MS, retry);
      onLocked(true);
      return true;
    },
    isWaiting: () => waiting.length > 0,
    [Symbol.dispose]: () => {
      timer?.[Symbol.dispose]();
      for (const { task, stopped } of waiting) if (!hasRun(task)) stopped(reason);
      waiting = [];
    },
  };
}
