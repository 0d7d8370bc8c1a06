import { addAbortListener } from "node:events";
import type { Clock } from "@weir/runtime";

/** An answer that is being found, and those who wait for it. */
interface Pending {
  answer: Promise<string>;
  ending: AbortController;
  askers: number;
}

/** Finished answers are kept so long, where they are not large. */
const KEPT_MS = 1_000;
const KEPT_LENGTH_MAX = 256 * 1024;

/** Finds the answer to one question once for all who ask it at about the same time. */
export class SharedAnswers {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The answer to a question.
   *
   * @param find is given up when all have left who asked.
   * @throws what `find` throws; the signal's reason when that aborts.
   */
  async ask(
    question: string,
    signal: AbortSignal,
    find: (signal: AbortSignal) => Promise<string>,
  ): Promise<string> {
    signal.throwIfAborted();
    const pending = this.#pending.get(question) ?? this.#begin(question, find);
    pending.askers += 1;
    const left = Promise.withResolvers<never>();
    using _leaving = addAbortListener(signal, () => {
      left.reject(signal.reason);
      pending.askers -= 1;
      if (pending.askers > 0) return;
      this.#forget(question, pending);
      pending.ending.abort(signal.reason);
    });
    return await Promise.race([pending.answer, left.promise]);
  }

  #begin(question: string, find: (signal: AbortSignal) => Promise<string>): Pending {
    const ending = new AbortController();
    const pending: Pending = { answer: find(ending.signal), ending, askers: 0 };
    this.#pending.set(question, pending);
    pending.answer.then(
      ({ length }) => {
        const forget = (): void => this.#forget(question, pending);
        if (length > KEPT_LENGTH_MAX) forget();
        else this.#clock.schedule(KEPT_MS, forget);
      },
      () => this.#forget(question, pending),
    );
    return pending;
  }

  #forget(question: string, pending: Pending): void {
    if (this.#pending.get(question) === pending) this.#pending.delete(question);
  }
}
