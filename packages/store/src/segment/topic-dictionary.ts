import type { Database } from "better-sqlite3";
import type { NewRow } from "./insert-rows.ts";

type TopicRow = Pick<NewRow, "topic" | "sequence" | "receivedUs" | "isFiltered">;

/** What bounds a dictionary. */
export interface TopicLimits {
  /**
   * New topics that may be listed in a second, and at once after a while without any. Listing one costs
   * a place in an index of all: four times as much as a message, and more with each million.
   */
  newPerSecond: number;
  newAtOnce: number;
  /** Topics that one file lists, without those of devices with an outbox. */
  listedMax: number;
}

export const TOPIC_LIMITS: TopicLimits = {
  newPerSecond: 1_000,
  newAtOnce: 20_000,
  listedMax: 1_000_000,
};

const TOPICS_MAX = 10_000;
// A topic may have 65,535 bytes.
const CHARACTERS_MAX = 4_000_000;

/** The topic of a row, with its number in the file. */
interface FiledTopic {
  topic: string;
  id: number;
  /** It can be found again. Otherwise it was one too many, and the number is for these messages in a row only. */
  isListed: boolean;
}

/**
 * Opens the dictionary of a segment: numbers for topics, from 1 on, written into the file when a topic
 * is new.
 *
 * @param options.isReserved whether a new topic uses the allowance for devices with an outbox, which
 * other clients cannot use up.
 * @param options.reached counts rows whose topic could not be listed.
 */
export function createTopicDictionary(
  database: Database,
  {
    limits,
    isReserved,
    reached,
  }: {
    limits: TopicLimits;
    isReserved: (row: TopicRow) => boolean;
    reached: { topics: number };
  },
) {
  const remembered = new Map<string, number>();
  let characters = 0;
  // Messages of one topic often come in a row.
  let latest: FiledTopic | null = null;
  const insert = database.prepare<[string, number]>(
    "INSERT INTO topics (topic, listed) VALUES (?, ?)",
  );
  const select = database
    .prepare<[string], number>("SELECT id FROM topics WHERE topic = ? AND listed = 1")
    .pluck();
  const count = database
    .prepare<[], number>("SELECT count(*) FROM topics WHERE listed = 1")
    .pluck();
  let listed = count.get() as number;
  const takeForDevice = createAllowance(limits);
  const takeForOther = createAllowance(limits);

  function mayList(row: TopicRow): boolean {
    if (isReserved(row)) return takeForDevice(row.receivedUs);
    return listed < limits.listedMax && takeForOther(row.receivedUs);
  }

  function find(row: TopicRow): FiledTopic {
    const { topic } = row;
    const known = remembered.get(topic) ?? select.get(topic);
    if (known !== undefined) return remember(topic, known);
    const isListed = mayList(row);
    if (!isListed && latest?.topic === topic) return latest;
    // It is not stored, so nothing would ever refer to the number. No message has this topic.
    if (!isListed && row.isFiltered) return { topic: "\0", id: 0, isListed };
    const id = Number(insert.run(topic, isListed ? 1 : 0).lastInsertRowid);
    if (!isListed) return { topic, id, isListed };
    listed += 1;
    return remember(topic, id);
  }

  function remember(topic: string, id: number): FiledTopic {
    if (!remembered.has(topic)) {
      // A client can invent topics without end. Starting over costs one look-up for each live topic.
      if (remembered.size >= TOPICS_MAX || characters >= CHARACTERS_MAX) clear();
      remembered.set(topic, id);
      characters += topic.length;
    }
    return { topic, id, isListed: true };
  }

  function clear(): void {
    remembered.clear();
    characters = 0;
    latest = null;
  }

  return {
    /** The topic of a row. Call it inside a write transaction. */
    of(row: TopicRow): FiledTopic {
      if (latest?.topic !== row.topic || !latest.isListed) latest = find(row);
      if (!latest.isListed) reached.topics += 1;
      return latest;
    },
    /** Forgets what it remembers, because a transaction was rolled back. The file keeps everything. */
    forget(): void {
      clear();
      listed = count.get() as number;
    },
  };
}

/** @returns takes one of so many a second, and so many at once, if there is one. */
function createAllowance({ newPerSecond, newAtOnce }: TopicLimits): (nowUs: number) => boolean {
  let left = newAtOnce;
  let lastUs: number | null = null;
  return (nowUs) => {
    // A clock that is set back gives nothing, and takes nothing away.
    const passedUs = Math.max(0, nowUs - (lastUs ?? nowUs));
    lastUs = nowUs;
    left = Math.min(newAtOnce, left + (passedUs / 1e6) * newPerSecond);
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
