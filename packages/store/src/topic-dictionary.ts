import type { Database } from "better-sqlite3";

/** Numbers for topics, from 1 on, written into the file when a topic is new. */
export interface TopicDictionary {
  /** The topic's number. Call it inside a write transaction. */
  idOf(topic: string): number;
  /** Forgets what it remembers, because a transaction was rolled back. The file keeps all. */
  forget(): void;
}

const TOPICS_MAX = 10_000;
// A topic may have 65,535 bytes.
const CHARACTERS_MAX = 4_000_000;

export function createTopicDictionary(database: Database): TopicDictionary {
  const remembered = new Map<string, number>();
  let characters = 0;
  // Messages come in trains of one topic.
  let latest: { topic: string; id: number } | null = null;
  const insert = database.prepare<[string]>("INSERT INTO topics (topic) VALUES (?)");
  const select = database
    .prepare<[string], number>("SELECT id FROM topics WHERE topic = ?")
    .pluck();

  function look(topic: string): number {
    const known = select.get(topic);
    if (known !== undefined) return known;
    return Number(insert.run(topic).lastInsertRowid);
  }

  function find(topic: string): number {
    const known = remembered.get(topic);
    if (known !== undefined) return known;
    const id = look(topic);
    // A stranger can invent topics without end. Starting anew costs a look-up for each live one.
    if (remembered.size >= TOPICS_MAX || characters >= CHARACTERS_MAX) forget();
    remembered.set(topic, id);
    characters += topic.length;
    return id;
  }

  function forget(): void {
    remembered.clear();
    characters = 0;
    latest = null;
  }

  return {
    idOf: (topic) => {
      if (latest?.topic !== topic) latest = { topic, id: find(topic) };
      return latest.id;
    },
    forget,
  };
}
