import { matchesFilter } from "@weir/topics";
import type { Database } from "better-sqlite3";

/** The topics of one segment that match a filter, as the table `temp.wanted` of its connection. */
export interface WantedTopics {
  /**
   * Looks at topics that are new in the file, a bounded number of them. Call it inside the transaction
   * that reads rows.
   *
   * @returns whether it has seen all.
   */
  catchUp(): boolean;
  /** How many match, as far as it has seen. */
  count(): number;
}

const TOPICS_PER_CALL = 5_000;

export function createWantedTopics(database: Database, filters: readonly string[]): WantedTopics {
  database.exec("CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)");
  database.function("weir_is_wanted", (topic: unknown) =>
    filters.some((filter) => matchesFilter(filter, topic as string)) ? 1 : 0,
  );
  const last = database.prepare<[], number>("SELECT coalesce(max(id), 0) FROM topics").pluck();
  const insert = database.prepare<[number, number]>(
    "INSERT INTO temp.wanted SELECT id FROM topics WHERE id > ? AND id <= ? AND weir_is_wanted(topic)",
  );
  let seenId = 0;
  let wanted = 0;

  return {
    catchUp: () => {
      const lastId = last.get() as number;
      const throughId = Math.min(lastId, seenId + TOPICS_PER_CALL);
      if (throughId > seenId) wanted += insert.run(seenId, throughId).changes;
      seenId = throughId;
      return seenId === lastId;
    },
    count: () => wanted,
  };
}
