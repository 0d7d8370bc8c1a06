import type { Database } from "better-sqlite3";

/** Numbers for topics, written into the file when a topic is new. */
export interface TopicDictionary {
  /** The topic's number. Call it inside a write transaction. */
  idOf(topic: string): number;
  /** Forgets what it remembers, because a transaction was rolled back. The file keeps all. */
  forget(): void;
}

const REMEMBERED_MAX = 10_000;

export function createTopicDictionary(database: Database): TopicDictionary {
  const remembered = new Map<string, number>();
  const insert = database.prepare<[string]>(
    "INSERT INTO topics (topic) VALUES (?) ON CONFLICT (topic) DO NOTHING",
  );
  const select = database
    .prepare<[string], number>("SELECT id FROM topics WHERE topic = ?")
    .pluck();

  return {
    idOf: (topic) => {
      const known = remembered.get(topic);
      if (known !== undefined) return known;
      insert.run(topic);
      const id = select.get(topic) as number;
      // A stranger can invent topics without end. Starting anew costs a look-up for each live one.
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(topic, id);
      return id;
    },
    forget: () => remembered.clear(),
  };
}
