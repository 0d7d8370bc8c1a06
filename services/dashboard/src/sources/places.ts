import { addAbortListener } from "node:events";
import { RequestFault } from "@weir/runtime";

/** Lets so many tasks go on at once; so many more wait in line, and the others are turned away. */
export class Places {
  readonly #waitingMax: number;
  readonly #what: string;
  readonly #waiting = new Set<() => void>();
  #free: number;

  /** @param what is asked for too often, for the message: `questions for history`. */
  constructor({ atOnce, waitingMax, what }: { atOnce: number; waitingMax: number; what: string }) {
    this.#free = atOnce;
    this.#waitingMax = waitingMax;
    this.#what = what;
  }

  /**
   * Waits for a place.
   *
   * @returns what gives the place to the next one when it is disposed.
   * @throws RequestFault (503) where too many wait; the signal's reason when that aborts.
   */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
    } else {
      if (this.#waiting.size >= this.#waitingMax) throw this.#full();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      using _leaving = addAbortListener(signal, () => {
        // Who has a place already gives it back in the usual way.
        if (this.#waiting.delete(resolve)) reject(signal.reason);
      });
      await promise;
    }
    return { [Symbol.dispose]: () => this.#leave() };
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  #full(): RequestFault {
    const problem = `too many ${this.#what} wait already`;
    const remedy = "Ask again in a few seconds.";
    return new RequestFault(503, [{ field: "request", value: null, problem, remedy }]);
  }
}
