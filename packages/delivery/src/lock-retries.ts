import { type Clock, isLocked } from "@weir/runtime";

const RETRY_MS = 100;
/** Tasks that wait at most. Beyond it a task is not run: a later receipt asks for it again, or it is refused. */
const TASKS_MAX = 10_000;

/**
 * Runs tasks that write to a file, and retries them while another program holds its lock. SQLite itself
 * would wait by blocking the whole process.
 */
export class LockRetries implements Disposable {
  readonly #clock: Clock;
  readonly #onLocked: (isLocked: boolean) => void;
  readonly #onFault: (fault: unknown) => void;
  #waiting: { task: () => void; onStopped: (fault: unknown) => void }[] = [];
  #lockFault: unknown = null;
  #timer: Disposable | null = null;

  /**
   * @param onLocked called when a wait begins, and when it ends.
   * @param onFault called with what a task throws for another reason than a lock.
   */
  constructor(
    clock: Clock,
    onLocked: (isLocked: boolean) => void,
    onFault: (fault: unknown) => void,
  ) {
    this.#clock = clock;
    this.#onLocked = onLocked;
    this.#onFault = onFault;
  }

  /** Whether a task waits for a lock. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Runs a task: at once, or after those that wait. A task runs again when a lock made it throw.
   *
   * @param onStopped called with the lock's error when the retries end before the task has run.
   * @returns false when too many tasks wait already; then the task never runs.
   */
  run(task: () => void, onStopped: (fault: unknown) => void = () => {}): boolean {
    if (this.#waiting.length >= TASKS_MAX) return false;
    if (!this.isWaiting && this.#hasRun(task)) return true;
    this.#waiting.push({ task, onStopped });
    if (this.#waiting.length > 1) return true;
    this.#timer = this.#clock.schedule(RETRY_MS, () => this.#retry());
    this.#onLocked(true);
    return true;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const { task, onStopped } of this.#waiting) {
      if (!this.#hasRun(task)) onStopped(this.#lockFault);
    }
    this.#waiting = [];
  }

  #retry(): void {
    this.#timer = null;
    let done = 0;
    for (const { task } of this.#waiting) {
      if (!this.#hasRun(task)) break;
      done += 1;
    }
    // A task may have added others behind itself.
    this.#waiting = this.#waiting.slice(done);
    if (this.isWaiting) this.#timer = this.#clock.schedule(RETRY_MS, () => this.#retry());
    else this.#onLocked(false);
  }

  /** False while a lock keeps the task from running. A task that fails otherwise has run. */
  #hasRun(task: () => void): boolean {
    try {
      task();
    } catch (fault) {
      if (isLocked(fault)) {
        this.#lockFault = fault;
        return false;
      }
      this.#onFault(fault);
    }
    return true;
  }
}
