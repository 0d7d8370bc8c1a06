import { describe, expect, test } from "@jest/globals";
import { type Cursor, readRange, type StreamPlace } from "@weir/store";
import { openTestStore, readingAt, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import {
  MINUTE_US,
  numbered,
  numberedRows,
  numbersOf,
  readAll,
  readNumbers,
  SECOND_US,
} from "./range-fixture.ts";

describe("reading a range of one file", () => {
  test("gives each message as it was stored", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append([
      readingAt(START_US, 7),
      { ...rowOf("rubbish", START_US + 1), topic: "a/\n\u{1F600}", qos: 0, retained: true },
    ]);
    const { messages } = await readAll({ kind: "file", file });
    expect(messages).toEqual([
      {
        cursor: "weir.db:1",
        receivedUs: START_US,
        topic: "DATA",
        payload: Buffer.from(`{"number":7,"epochtime":${START_US / 1e6}}`),
        qos: 1,
        retained: false,
        outcome: 0,
        value: 7,
        observedUs: START_US,
      },
      {
        cursor: "weir.db:2",
        receivedUs: START_US + 1,
        topic: "a/\n\u{1F600}",
        payload: Buffer.from("rubbish"),
        qos: 0,
        retained: true,
        outcome: 13,
        value: null,
        observedUs: null,
      },
    ]);
  });

  test("finds nothing where there is no file, and nothing in a store without rows", async () => {
    using folder = temporaryFolder();
    const place: StreamPlace = { kind: "file", file: folder.file("weir.db") };
    expect((await readAll(place)).pages).toEqual([]);
    using _store = openTestStore(place.file);
    expect((await readAll(place)).messages).toEqual([]);
  });

  test("takes the first moment of a range, and not the last", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 9));
    const query = { fromUs: START_US + 3 * SECOND_US, toUs: START_US + 6 * SECOND_US };
    expect(await readNumbers({ kind: "file", file }, query)).toEqual([3, 4, 5]);
  });

  test("takes what matches any of the filters", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    const topics = ["a/x", "a/y", "b/x", "$SYS/x", "a/x/y"];
    store.append(topics.map((topic, index) => numbered(index, index, topic)));
    const read = (filters: string[]) => readNumbers({ kind: "file", file }, { filters });
    expect(await read(["a/+"])).toEqual([0, 1]);
    expect(await read(["b/#", "a/x"])).toEqual([0, 2]);
    expect(await read(["+/x", "a/x"])).toEqual([0, 2]);
    expect(await read(["#"])).toEqual([0, 1, 2, 4]);
    expect(await read(["absent"])).toEqual([]);
  });

  test("finds topics that are new since the page before", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 5_000, "a/old"));
    const pages = readRange({ kind: "file", file }, { filters: ["a/+"] });
    const first = await pages.next();
    store.append(numberedRows(5_001, 5_002, "a/new"));
    const rest = await Array.fromAsync(pages);
    const topics = rest.flatMap(({ messages }) => messages.map(({ topic }) => topic));
    expect(first.value?.messages.length).toBeLessThan(5_000);
    expect(topics.slice(-2)).toEqual(["a/new", "a/new"]);
  });

  test("goes on behind any cursor, so that every message comes once", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 50));
    const place = { kind: "file", file } as const;
    let cursor: Cursor | undefined;
    const seen: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const { messages, pages } = await readAll(place, {
        limit: 7,
        ...(cursor === undefined ? {} : { after: cursor }),
      });
      expect(pages.at(-1)?.cursor).toBe(messages.at(-1)?.cursor);
      seen.push(...messages.map(({ payload }) => Number(payload.toString())));
      cursor = pages.at(-1)?.cursor;
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await readNumbers(place, { limit: 0 })).toEqual([]);
  });

  test.each(["", "weir.db", "weir.db:", "weir.db:-1", "weir.db:1.5", "other.db:1", "../weir.db:1"])(
    "refuses the cursor %j",
    (after) => {
      expect(() => readRange({ kind: "file", file: "data/weir.db" }, { after })).toThrow("cursor");
    },
  );

  test("refuses a cursor behind the last row: it is that of another file", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 3));
    await expect(readAll({ kind: "file", file }, { after: "weir.db:4" })).rejects.toThrow(
      "the last row of weir.db is 3",
    );
    expect(await readNumbers({ kind: "file", file }, { after: "weir.db:3" })).toEqual([]);
  });

  test.each([
    [{ filters: ["a/#/b"] }, "filters"],
    [{ fromUs: Number.NaN }, "fromUs"],
    [{ limit: -1 }, "limit"],
  ])("refuses the query %j", (query, field) => {
    expect(() => readRange({ kind: "file", file: "weir.db" }, query)).toThrow(field);
  });

  test("keeps pages small, also when payloads are large", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    const large = Buffer.alloc(1024 * 1024);
    store.append(numberedRows(1, 10).map((row) => ({ ...row, payload: large })));
    const { pages, messages } = await readAll({ kind: "file", file });
    expect(Math.max(...pages.map((page) => page.messages.length))).toBe(4);
    expect(messages).toHaveLength(10);
  });

  test("says which rows retention has removed before they were read", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(numberedRows(1, 9_000));
    const pages = readRange({ kind: "file", file });
    const first = await pages.next();
    // It may have fewer rows than it could: it ends at its time limit, too.
    const lost = numbersOf(first.value?.messages ?? []).length + 1;
    store.prune({ cutoffUs: START_US + 6_000 * SECOND_US, futureUs: Infinity, rowsMax: 10_000 });
    const { value } = await pages.next();
    expect(value?.skipped).toEqual([
      {
        segment: "weir.db",
        kind: "removed",
        reason: `rows ${lost} to 5999 of ${file} were removed before they were read`,
      },
    ]);
    expect(value?.messages[0]?.cursor).toBe("weir.db:6000");
    await pages.return();
  });
});

describe("the clock", () => {
  /** Rows in the order of arrival, each with the minute that the clock showed. */
  async function readMinutes(minutes: readonly number[], isThorough: boolean) {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    store.append(minutes.map((minute, index) => numbered(index, minute * 60)));
    const query = { fromUs: START_US + 100 * MINUTE_US, toUs: START_US + 103 * MINUTE_US };
    return await readNumbers({ kind: "file", file }, { ...query, isThorough });
  }

  test("may have been set forward, or back by ten minutes, at any moment", async () => {
    const minutes = [10, 20, 102, 103, 93, 95, 100, 101, 102, 108, 102, 98, 101, 300, 301];
    expect(await readMinutes(minutes, false)).toEqual([2, 6, 7, 8, 10, 12]);
  });

  test("may have been set back by more for a thorough reading only", async () => {
    const minutes = [10, 20, 500, 501, 100, 101, 102, 200];
    expect(await readMinutes(minutes, true)).toEqual([4, 5, 6]);
    expect(await readMinutes(minutes, false)).toEqual([]);
  });
});
