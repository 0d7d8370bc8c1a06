import type { Clock } from "@weir/runtime";

/** So many may be wrong before there is a delay: people mistype. */
const FREE = 3;
const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 300_000;
const FORGOTTEN_AFTER_MS = 3_600_000;
const KEYS_MAX = 10_000;

interface Wrong {
  count: number;
  lastMs: number;
}

/** Delays guesses of secrets: each wrong one doubles the time until the next one. */
export class Guesses {
  readonly #clock: Clock;
  /** The one that was guessed at last comes last. */
  readonly #wrong = new Map<string, Wrong>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Asks for one guess. It counts as wrong until `right`, so that many at once are not more than one after the other.
   *
   * @param keys what is delayed: a name, an address.
   * @returns the seconds to wait; 0 for a guess that may be made now.
   */
  begin(keys: readonly string[]): number {
    const nowMs = this.#clock.monotonic();
    const waitMs = Math.max(...keys.map((key) => this.#waitMs(key, nowMs)));
    if (waitMs > 0) return Math.ceil(waitMs / 1_000);
    for (const key of keys) {
      const count = this.#countOf(key, nowMs) + 1;
      this.#wrong.delete(key);
      this.#wrong.set(key, { count, lastMs: nowMs });
    }
    for (const key of this.#wrong.keys()) {
      if (this.#wrong.size <= KEYS_MAX) break;
      this.#wrong.delete(key);
    }
    return 0;
  }

  /** The guess was right: what was wrong before is forgotten. */
  right(keys: readonly string[]): void {
    for (const key of keys) this.#wrong.delete(key);
  }

  #waitMs(key: string, nowMs: number): number {
    const count = this.#countOf(key, nowMs);
    if (count < FREE) return 0;
    const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (count - FREE));
    return (this.#wrong.get(key)?.lastMs ?? 0) + delayMs - nowMs;
  }

  #countOf(key: string, nowMs: number): number {
    const wrong = this.#wrong.get(key);
    return wrong === undefined || nowMs - wrong.lastMs > FORGOTTEN_AFTER_MS ? 0 : wrong.count;
  }
}
