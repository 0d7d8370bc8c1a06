import { describe, expect, test } from "@jest/globals";
import { readRange } from "@weir/store";
import {
  openTestStore,
  readingAt,
  SEGMENT_FORMAT_1,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";

function sent(seq: number, topic: string) {
  return { ...readingAt(START_US), topic, sequence: { publisher: "kitchen", epoch: "e1", seq } };
}

/** A file with two rows as a Weir of format 1 left it. */
function makeFormat1(file: string): void {
  using store = openTestStore(file);
  store.append([sent(1, "a"), sent(1, "b")]);
  store[Symbol.dispose]();
  new Sqlite(file).exec(SEGMENT_FORMAT_1).close();
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
