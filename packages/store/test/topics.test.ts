import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { openSegmentedStore, openStore } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { createTopicDictionary, TOPIC_LIMITS } from "../src/segment/rows-and-topics.ts";
import { openSegment } from "../src/segment/segment-file.ts";

const DAY_US = 86_400_000_000;

function topicsIn(file: string): string[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    return database
      .prepare<[], string>(
        "SELECT topic FROM rows JOIN topics ON topics.id = topic_id ORDER BY rows.id",
      )
      .pluck()
      .all();
  } finally {
    database.close();
  }
}

function dictionaryOf(file: string): string[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    return database.prepare<[], string>("SELECT topic FROM topics ORDER BY id").pluck().all();
  } finally {
    database.close();
  }
}

function openDictionary(database: Database) {
  const limits = { ...TOPIC_LIMITS, newAtOnce: 100_000 };
  return createTopicDictionary(database, limits, () => false, { topics: 0 });
}

/** What is in use after a collection. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

describe("topics", () => {
  test("are kept whole and distinct, whatever is in them", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const topics = [
      "a".repeat(65_535),
      `${"a".repeat(65_534)}b`,
      "a\0b",
      "a\0c",
      "a",
      "",
      "../../etc/passwd",
      "$SYS/broker",
      "A",
      "\u0410",
      "e\u0301",
      "\u00e9",
      "\u{1F600}/\uffff",
      "'; DROP TABLE rows; --",
    ];
    using store = openTestStore(file);
    const rows = topics.map((topic) => ({ ...readingAt(START_US), topic }));
    store.append(rows);
    store.append(rows);
    expect(topicsIn(file)).toEqual([...topics, ...topics]);
    const reopened = new Sqlite(file, { readonly: true });
    expect(reopened.prepare("SELECT count(*) FROM topics").pluck().get()).toBe(topics.length);
    reopened.close();
  });

  test("keep their numbers however many a stranger invents", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const database = openSegment({ file, stream: "data", synchronous: "NORMAL", nowUs: START_US });
    const dictionary = openDictionary(database);
    const number = database.transaction((topics: readonly string[]) =>
      topics.map((topic) => dictionary.of({ ...readingAt(START_US), topic }).id),
    );
    const first = number(["DATA", "devices/1/state"]);
    const many = Array.from({ length: 25_000 }, (_, index) => `stranger/${index}`);
    expect(new Set(number(many)).size).toBe(25_000);
    expect(number(["DATA", "devices/1/state"])).toEqual(first);
    database.close();
  });

  test("that are too many new ones leave the file with their rows, and no others", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const limits = { ...TOPIC_LIMITS, newPerSecond: 1, newAtOnce: 2 };
    using store = openStore({
      file,
      stream: "data",
      legacyTopic: "DATA",
      synchronous: "NORMAL",
      nowUs: START_US,
      skewUs: 0,
      topicLimits: limits,
    });
    const topics = ["a", "b", "c", "c", "c", "d", "a", "e"];
    store.append(topics.map((topic, index) => ({ ...readingAt(START_US + index), topic })));
    // "c" stands there once for its three rows in a row.
    expect([topicsIn(file), dictionaryOf(file)]).toEqual([topics, ["a", "b", "c", "d", "e"]]);
    expect(store.reached.topics).toBe(5);
    const cutoffUs = START_US + 4;
    store.prune({ cutoffUs, futureUs: START_US + DAY_US, rowsMax: 100 });
    expect([topicsIn(file), dictionaryOf(file)]).toEqual([
      ["c", "d", "a", "e"],
      ["a", "b", "c", "d", "e"],
    ]);
    store.prune({ cutoffUs: cutoffUs + 3, futureUs: START_US + DAY_US, rowsMax: 100 });
    expect([topicsIn(file), dictionaryOf(file)]).toEqual([["e"], ["a", "b", "e"]]);
    // Later new topics are listed again, also those that still come.
    const later = START_US + 3_000_000;
    store.append(["e", "f", "e"].map((topic) => ({ ...readingAt(later), topic })));
    expect(store.reached.topics).toBe(5);
  });

  test("of a commit that failed count for no limit", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openSegmentedStore({
      folder: file,
      stream: "data",
      synchronous: "NORMAL",
      nowUs: START_US,
      topicLimits: { ...TOPIC_LIMITS, newPerSecond: 0, newAtOnce: 2 },
    });
    const take = (...topics: readonly string[]) =>
      store.append(topics.map((topic) => ({ ...readingAt(START_US), topic })));
    using closing = new DisposableStack();
    const other = closing.adopt(new Sqlite(store.liveFile()), (opened) => opened.close());
    other.exec("CREATE TRIGGER full BEFORE INSERT ON rows BEGIN SELECT RAISE(ABORT, 'no'); END");
    for (let tries = 0; tries < 3; tries += 1) {
      expect(() => take("a", "b", "c")).toThrow("cannot be written");
    }
    expect(store.reached.topics).toBe(0);
    other.exec("DROP TRIGGER full");
    take("a", "b");
    expect(store.reached.topics).toBe(0);
    take("c");
    expect(store.reached.topics).toBe(1);
  });

  test("of a device with an outbox are listed though a stranger has used up what is for all", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openSegmentedStore({
      folder: file,
      stream: "devices",
      synchronous: "NORMAL",
      nowUs: START_US,
      devicePrefixes: ["devices"],
      topicLimits: { ...TOPIC_LIMITS, newPerSecond: 0, newAtOnce: 2 },
    });
    const invented = ["x", "y", "z"].map((topic) => ({ ...readingAt(START_US), topic }));
    const sequence = { publisher: "pi", epoch: "e1", seq: 1 };
    const own = { ...readingAt(START_US), topic: "devices/pi/state", sequence };
    const foreign = { ...own, topic: "devices/garden/state" };
    const claimed = { ...own, topic: "DATA" };
    const { filed } = store.append([...invented, foreign, claimed, own, own]);
    expect(filed.slice(3)).toEqual(["beyond limits", "beyond limits", "new", "duplicate"]);
  });

  test("are remembered within a bounded memory, also when all are as long as they may be", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    const database = openSegment({ file, stream: "data", synchronous: "NORMAL", nowUs: START_US });
    const dictionary = openDictionary(database);
    const number = database.transaction((from: number) => {
      for (let index = from; index < from + 100; index += 1) {
        const topic = String(index).padEnd(65_535, "x");
        dictionary.of({ ...readingAt(START_US), topic });
      }
    });
    number.immediate(0);
    const before = heapBytes();
    for (let from = 100; from < 800; from += 100) number.immediate(from);
    expect(heapBytes() - before).toBeLessThan(16_000_000);
    database.close();
  });
});
