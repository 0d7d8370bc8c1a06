import { EVENT_TTL_MS, type KindSettings } from "@weir/delivery";
import type { Clock } from "@weir/runtime";
import type { Source } from "../sources/source.ts";
import type { DeadbandRule } from "./deadband.ts";

/** States of which each replaces the one before: with the same delivery, due at the same times. */
export interface StateSeries {
  delivery: KindSettings;
  /** `null` follows the device's interval. */
  everyMs: number | null;
}

/** An open source, and how it is reported. */
export interface ReportedSource extends StateSeries {
  /** Its name in the configuration. */
  name: string;
  source: Source;
  isActive: boolean;
  /** The rule of each of its attributes, unless a command has set another one. */
  rule: DeadbandRule;
}

/** Sources that are measured together: they have the same interval and delivery. */
export interface Group extends StateSeries {
  /** The same for the same interval and delivery. */
  key: string;
  intervalMs: number;
  sources: readonly ReportedSource[];
}

/** The same for deliveries that treat states alike. */
export function deliveryKey(delivery: KindSettings): string {
  const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
  return `${delivery.class} ${ttlMs}`;
}

export function groupsOf(sources: readonly ReportedSource[], deviceIntervalMs: number): Group[] {
  const groups = new Map<string, Group & { sources: ReportedSource[] }>();
  for (const source of sources) {
    const { delivery, everyMs } = source;
    const intervalMs = everyMs ?? deviceIntervalMs;
    const key = `${deliveryKey(delivery)} ${intervalMs}`;
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { key, delivery, everyMs, intervalMs, sources: [source] });
    } else {
      group.sources.push(source);
      if (everyMs === null) group.everyMs = null;
    }
  }
  return [...groups.values()];
}

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
