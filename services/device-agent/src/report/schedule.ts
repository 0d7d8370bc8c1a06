import type { Clock } from "@weir/runtime";
import type { Group } from "./reporter.ts";

const HURRY_MS = 60_000;

interface Entry {
  group: Group;
  isRunning: boolean;
  /** A turn came due during a running one. */
  isDue: boolean;
  timer: Disposable | null;
  hurry: Disposable | null;
}

/** The timers of groups of sources. They run with or without a connection. */
export class Schedule implements Disposable {
  #turn: (group: Group) => Promise<void>;
  #clock: Clock;
  #entries = new Map<string, Entry>();

  /** @param turn is never called for a group while an earlier call for it runs. */
  constructor(turn: (group: Group) => Promise<void>, clock: Clock) {
    this.#turn = turn;
    this.#clock = clock;
  }

  /**
   * Keeps the timers of these groups, and of no others. A running timer goes on.
   *
   * @param how `restarts`: the next turn is one interval from now. `isNow`: the group also gets a turn at once.
   */
  set(
    groups: readonly Group[],
    how: { restarts?: (group: Group) => boolean; isNow?: (group: Group) => boolean },
  ): void {
    const wanted = new Set(groups.map(({ key }) => key));
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key)) continue;
      stop(entry);
      this.#entries.delete(key);
    }
    for (const group of groups) {
      const known = this.#entries.get(group.key);
      const entry = known ?? { group, isRunning: false, isDue: false, timer: null, hurry: null };
      entry.group = group;
      this.#entries.set(group.key, entry);
      if (known === undefined || how.restarts?.(group)) this.#start(entry);
      if (how.isNow?.(group)) void this.#take(entry);
    }
  }

  /** Gives a group whose report was lost its next turn within a minute. */
  hurry(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.hurry !== null || entry.group.intervalMs <= HURRY_MS) return;
    entry.hurry = this.#clock.schedule(HURRY_MS, () => {
      entry.hurry = null;
      void this.#take(entry);
    });
  }

  [Symbol.dispose](): void {
    for (const entry of this.#entries.values()) stop(entry);
    this.#entries.clear();
  }

  #start(entry: Entry): void {
    stop(entry);
    entry.timer = this.#clock.repeat(entry.group.intervalMs, () => void this.#take(entry));
  }

  /** All turns that come due during a slow one become one turn, right after it. */
  async #take(entry: Entry): Promise<void> {
    entry.isDue = true;
    if (entry.isRunning) return;
    entry.isRunning = true;
    while (entry.isDue && this.#entries.get(entry.group.key) === entry) {
      entry.isDue = false;
      await this.#turn(entry.group);
    }
    entry.isRunning = false;
  }
}

function stop(entry: Entry): void {
  entry.timer?.[Symbol.dispose]();
  entry.hurry?.[Symbol.dispose]();
  entry.hurry = null;
}
