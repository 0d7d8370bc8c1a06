import { setImmediate as yieldToEvents } from "node:timers/promises";

/** What else the process does waits no longer than this. */
const WORK_MS_MAX = 8;

/** Lets other work of the process go on, again and again during a long task. */
export class Pace {
  readonly #signal: AbortSignal | null;
  #sinceMs = performance.now();

  /** @param signal ends the task at the next breath. */
  constructor(signal: AbortSignal | null = null) {
    this.#signal = signal;
  }

  /** Call it between two small pieces of the task. @throws the reason of the signal. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#sinceMs < WORK_MS_MAX) return;
    await yieldToEvents();
    this.#signal?.throwIfAborted();
    this.#sinceMs = performance.now();
  }
}
