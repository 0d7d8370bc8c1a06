import { errorMessage, type ServiceContext } from "@weir/runtime";

const RETRY_MS = 10_000;

/** A task that is tried again a while after it has failed. */
export class Attempts {
  readonly #context: ServiceContext;
  readonly #about: { stream: string; task: string };
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #isEnded = false;
  /** Why the last attempt has failed; `null` after one that has not. */
  problem: string | null = null;

  constructor(context: ServiceContext, about: { stream: string; task: string }) {
    this.#context = context;
    this.#about = about;
  }

  async attempt(task: () => Promise<void>): Promise<void> {
    const { clock, logger } = this.#context;
    if (this.#isEnded || clock.monotonic() < this.#retryAtMs) return;
    try {
      await task();
      this.problem = null;
    } catch (error) {
      // What is being written ends with the process.
      if (this.#isEnded) return;
      this.#retryAtMs = clock.monotonic() + RETRY_MS;
      const { stream, task: verb } = this.#about;
      const problem = `the history of ${stream} cannot be ${verb}: ${errorMessage(error)}`;
      if (problem !== this.problem) logger.error({ err: error, stream }, problem);
      this.problem = problem;
    }
  }

  /** Nothing is tried again. */
  end(): void {
    this.#isEnded = true;
  }
}
