import type { Clock } from "@weir/runtime";
import type { Group } from "./reporter.ts";

/** The timers of groups. They know nothing of connections, nor of the hour. */
export interface Schedule extends Disposable {
  /** Keeps time for these groups, and for no others. A timer that runs already goes on. */
  set(groups: readonly Group[], wishes: Wishes): void;
  /** A group whose report was lost does not wait longer than a minute for its next turn. */
  hurry(key: string): void;
}

/** What is wished for single groups. */
interface Wishes {
  /** Whose next turn is one interval from now, whatever its timer says. */
  anew: (group: Group) => boolean;
  /** Which has a turn now besides. */
  atOnce: (group: Group) => boolean;
}

export interface ScheduleOptions {
  /** Never called again for a group before it has ended. */
  turn: (group: Group) => Promise<void>;
  clock: Clock;
}

const HURRY_MS = 60_000;

interface Entry {
  group: Group;
  isUnderWay: boolean;
  /** A turn came due while one was under way. */
  isDue: boolean;
  timer: Disposable | null;
  hurry: Disposable | null;
}

export function createSchedule({ turn, clock }: ScheduleOptions): Schedule {
  const entries = new Map<string, Entry>();

  /** A slow turn is followed at once by the one that came due meanwhile; of several, by one. */
  async function take(entry: Entry): Promise<void> {
    entry.isDue = true;
    if (entry.isUnderWay) return;
    entry.isUnderWay = true;
    while (entry.isDue && entries.get(entry.group.key) === entry) {
      entry.isDue = false;
      await turn(entry.group);
    }
    entry.isUnderWay = false;
  }

  function begin(group: Group): Entry {
    const entry: Entry = { group, isUnderWay: false, isDue: false, timer: null, hurry: null };
    entries.set(group.key, entry);
    restart(entry);
    return entry;
  }

  function restart(entry: Entry): void {
    stop(entry);
    entry.timer = clock.repeat(entry.group.intervalMs, () => void take(entry));
  }

  return {
    set: (groups, { anew, atOnce }) => {
      const wanted = new Set(groups.map(({ key }) => key));
      for (const [key, entry] of entries) {
        if (wanted.has(key)) continue;
        stop(entry);
        entries.delete(key);
      }
      for (const group of groups) {
        const known = entries.get(group.key);
        const entry = known ?? begin(group);
        entry.group = group;
        if (known !== undefined && anew(group)) restart(known);
        if (atOnce(group)) void take(entry);
      }
    },
    hurry: (key) => {
      const entry = entries.get(key);
      if (entry === undefined || entry.hurry !== null || entry.group.intervalMs <= HURRY_MS) return;
      entry.hurry = clock.schedule(HURRY_MS, () => {
        entry.hurry = null;
        void take(entry);
      });
    },
    [Symbol.dispose]: () => {
      for (const entry of entries.values()) stop(entry);
      entries.clear();
    },
  };
}

function stop(entry: Entry): void {
  entry.timer?.[Symbol.dispose]();
  entry.hurry?.[Symbol.dispose]();
  entry.hurry = null;
}
