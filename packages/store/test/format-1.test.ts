import { describe, expect, test } from "@jest/globals";
import { readRange } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";

/** What differs from today's format: the topics, and the views that join them. */
const FORMAT_1 = `
  DROP VIEW data;
  DROP VIEW explained;
  CREATE TABLE old (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE) STRICT;
  INSERT INTO old SELECT id, topic FROM topics;
  DROP TABLE topics;
  ALTER TABLE old RENAME TO topics;
  CREATE VIEW data (reception_timestamp, topic, payload) AS
    SELECT received_us, topics.topic, payload FROM rows JOIN topics ON topics.id = rows.topic_id;
  CREATE VIEW explained (id, topic) AS
    SELECT rows.id, topics.topic FROM rows JOIN topics ON topics.id = rows.topic_id;
  PRAGMA user_version = 1;
`;

function sent(seq: number, topic: string) {
  return { ...readingAt(START_US), topic, sequence: { publisher: "kitchen", epoch: "e1", seq } };
}

/** A file with two rows as a Weir of format 1 left it. */
function makeFormat1(file: string): void {
  using store = openTestStore(file);
  store.append([sent(1, "a"), sent(1, "b")]);
  store[Symbol.dispose]();
  new Sqlite(file).exec(FORMAT_1).close();
}

async function topicsIn(file: string): Promise<string[]> {
  const topics: string[] = [];
  for await (const { messages } of readRange({ kind: "file", file })) {
    topics.push(...messages.map(({ topic }) => topic));
  }
  return topics;
}

describe("a file of format 1", () => {
  test("is brought up to date when it is opened: rows, ledger, numbers of topics and views stay", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    makeFormat1(file);
    {
      using store = openTestStore(file);
      expect(store.append([sent(1, "a"), sent(2, "b"), sent(1, "c")]).filed).toEqual([
        "duplicate",
        "new",
        "new",
      ]);
    }
    expect(await topicsIn(file)).toEqual(["a", "b", "b", "c"]);
    const database = new Sqlite(file, { readonly: true });
    for (const view of ["data", "explained"]) {
      const topics = database.prepare(`SELECT topic FROM ${view}`).pluck().all();
      expect(topics).toEqual(["a", "b", "b", "c"]);
    }
    database.close();
  });

  test("is read as it is", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    makeFormat1(file);
    expect(await topicsIn(file)).toEqual(["a", "b"]);
  });
});
