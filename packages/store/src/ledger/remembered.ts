import type { Entry, EntryKey } from "./entry.ts";
import type { Publisher } from "./publishers.ts";

// Some 10 MB together.
const ENTRIES_MAX = 10_000;
const RANGES_MAX = 100_000;

/** Entries that were read or changed, so that the next message need not ask the file. */
export interface Remembered {
  find(key: EntryKey): Entry | undefined;
  add(entry: Entry): void;
  delete(key: EntryKey): void;
  clear(): void;
  /** Tells that an entry has got so many more ranges. */
  noteRanges(more: number): void;
  /** There is more than is to be kept. */
  isFull(): boolean;
}

export function createRemembered(): Remembered {
  // Maps in maps: a text made of all three would have to be made for each message.
  const byPublisher = new Map<Publisher, Map<number, Map<string, Entry>>>();
  let entries = 0;
  let ranges = 0;

  return {
    find: ({ publisher, epoch, topicId }) => byPublisher.get(publisher)?.get(topicId)?.get(epoch),
    add: (entry) => {
      const byTopic = orAdd(byPublisher, entry.publisher, () => new Map());
      orAdd(byTopic, entry.topicId, () => new Map<string, Entry>()).set(entry.epoch, entry);
      entries += 1;
      ranges += entry.ranges.length;
    },
    delete: ({ publisher, epoch, topicId }) => {
      const byTopic = byPublisher.get(publisher);
      const byEpoch = byTopic?.get(topicId);
      const entry = byEpoch?.get(epoch);
      if (byTopic === undefined || byEpoch === undefined || entry === undefined) return;
      byEpoch.delete(epoch);
      if (byEpoch.size === 0) byTopic.delete(topicId);
      if (byTopic.size === 0) byPublisher.delete(publisher);
      entries -= 1;
      ranges -= entry.ranges.length;
    },
    clear: () => {
      byPublisher.clear();
      entries = 0;
      ranges = 0;
    },
    noteRanges: (more) => {
      ranges += more;
    },
    isFull: () => entries >= ENTRIES_MAX || ranges >= RANGES_MAX,
  };
}

function orAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
