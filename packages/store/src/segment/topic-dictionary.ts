import type { Database } from "better-sqlite3";
import type { NewRow } from "./segment-writer.ts";

/** What the dictionary needs to know of a row. */
type TopicRow = Pick<NewRow, "topic" | "sequence" | "receivedUs" | "isFiltered">;

/** A topic in the dictionary. */
interface FiledTopic {
  topic: string;
  id: number;
  /** It can be found again. Else it was one too many, and the number is that of this train of messages. */
  isListed: boolean;
}

/** Numbers for topics, from 1 on, written into the file when a topic is new. */
export interface TopicDictionary {
  /** The topic of a row. Call it inside a write transaction. */
  of(row: TopicRow): FiledTopic;
  /** Forgets what it remembers, because a transaction was rolled back. The file keeps all. */
  forget(): void;
}

/** What bounds a dictionary. */
export interface TopicLimits {
  /**
   * New topics that may be listed in a second, and at once after a while without any. To list one costs
   * a place in an index of all: four times as much as a message, and more with each million.
   */
  newPerSecond: number;
  newAtOnce: number;
  /** Topics that one file lists, but for those of devices with an outbox. */
  listedMax: number;
}

export const TOPIC_LIMITS: TopicLimits = {
  newPerSecond: 1_000,
  newAtOnce: 20_000,
  listedMax: 1_000_000,
};

interface TopicDictionaryOptions {
  limits: TopicLimits;
  /** Whether a new topic takes from what is kept for devices with an outbox: nobody else can use that up. */
  isReserved: (row: TopicRow) => boolean;
  /** Counts rows whose topic could not be listed. */
  reached: { topics: number };
}

const TOPICS_MAX = 10_000;
// A topic may have 65,535 bytes.
const CHARACTERS_MAX = 4_000_000;

export function createTopicDictionary(
  database: Database,
  { limits, isReserved, reached }: TopicDictionaryOptions,
): TopicDictionary {
  const remembered = new Map<string, number>();
  let characters = 0;
  // Messages come in trains of one topic.
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
  const forDevices = createAllowance(limits);
  const forAll = createAllowance(limits);

  function mayList(row: TopicRow): boolean {
    if (isReserved(row)) return forDevices.take(row.receivedUs);
    return listed < limits.listedMax && forAll.take(row.receivedUs);
  }

  function find(row: TopicRow): FiledTopic {
    const { topic } = row;
    const known = remembered.get(topic) ?? select.get(topic);
    if (known !== undefined) return remember(topic, known);
    const isListed = mayList(row);
    if (!isListed && latest?.topic === topic) return latest;
    // It is not stored, so nothing would ever refer to the number, and no topic is like this one.
    if (!isListed && row.isFiltered) return { topic: "\0", id: 0, isListed };
    const id = Number(insert.run(topic, isListed ? 1 : 0).lastInsertRowid);
    if (isListed) {
      listed += 1;
      return remember(topic, id);
    }
    return { topic, id, isListed };
  }

  function remember(topic: string, id: number): FiledTopic {
    if (!remembered.has(topic)) {
      // A stranger can invent topics without end. Starting again costs a look-up for each live one.
      if (remembered.size >= TOPICS_MAX || characters >= CHARACTERS_MAX) forget();
      remembered.set(topic, id);
      characters += topic.length;
    }
    return { topic, id, isListed: true };
  }

  function forget(): void {
    remembered.clear();
    characters = 0;
    latest = null;
  }

  return {
    of: (row) => {
      if (latest?.topic !== row.topic || !latest.isListed) latest = find(row);
      if (!latest.isListed) reached.topics += 1;
      return latest;
    },
    forget: () => {
      forget();
      listed = count.get() as number;
    },
  };
}

/** So many a second, and so many at once. */
function createAllowance({ newPerSecond, newAtOnce }: TopicLimits): {
  take(nowUs: number): boolean;
} {
  let left = newAtOnce;
  let lastUs: number | null = null;
  return {
    take: (nowUs) => {
      // A clock that is set back gives nothing, and takes nothing away.
      const passedUs = Math.max(0, nowUs - (lastUs ?? nowUs));
      lastUs = nowUs;
      left = Math.min(newAtOnce, left + (passedUs / 1e6) * newPerSecond);
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
