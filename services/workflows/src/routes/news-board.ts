import type { News, OpenAlerts } from "@weir/flows/contract";
import type { Clock } from "@weir/runtime";

/** So long a question waits for news. */
const WAIT_MS_MAX = 20_000;
/** What comes so soon after the first news is part of the same answer. */
const GATHER_MS = 200;
/** Workflows of which it is remembered when they changed. */
const FLOWS_MAX = 10_000;

interface NewsSources {
  /** Names of all workflows. */
  names: () => Iterable<string>;
  open: () => OpenAlerts;
  clock: Clock;
}

/** What has changed, by numbers that rise: who asks with a number hears what came after it. */
export class NewsBoard {
  readonly #sources: NewsSources;
  /** Numbers of another process are never those of this one. */
  #first: number;
  #number: number;
  #alertsNumber = 0;
  readonly #flows = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  constructor(sources: NewsSources) {
    this.#sources = sources;
    this.#first = sources.clock.now();
    this.#number = this.#first;
  }

  note({ flows, alertsChanged }: { flows: Iterable<string>; alertsChanged: boolean }): void {
    this.#number += 1;
    for (const flow of flows) this.#flows.set(flow, this.#number);
    if (alertsChanged) this.#alertsNumber = this.#number;
    if (this.#flows.size > FLOWS_MAX) {
      this.#flows.clear();
      this.#first = this.#number;
    }
    for (const wake of this.#waiting) wake();
  }

  /** What came after a number. Waits for it, at most 20 s. */
  async after(number: number, signal: AbortSignal): Promise<News> {
    if (number === this.#number) await this.#wait(signal);
    const isKnown = number >= this.#first && number <= this.#number;
    const changed = Array.from(this.#flows).filter(([, at]) => at > number);
    return {
      number: this.#number,
      flows: isKnown ? changed.map(([flow]) => flow) : [...this.#sources.names()],
      alertsChanged: !isKnown || this.#alertsNumber > number,
      open: this.#sources.open(),
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { clock } = this.#sources;
    const { promise, resolve } = Promise.withResolvers<void>();
    using waiting = new DisposableStack();
    waiting.use(clock.schedule(WAIT_MS_MAX, resolve));
    const wake = (): void => {
      this.#waiting.delete(wake);
      waiting.use(clock.schedule(GATHER_MS, resolve));
    };
    this.#waiting.add(wake);
    waiting.defer(() => void this.#waiting.delete(wake));
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
  }
}
