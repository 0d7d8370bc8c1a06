import { copyFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { askSegments, readNewest, type SegmentedStore } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import { archiveOf } from "../../src/archive/archive-name.ts";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { numbered, numberedRows, numbersOf, openDevices, readNumbers } from "../range-fixture.ts";
import { archiveAll, fillSegments, HOUR_US } from "./fixture.ts";

const NO_LIMITS = {
  nowUs: START_US + 10 * HOUR_US,
  ageCutoffUs: null,
  bytesMax: null,
  freeDiskBytesMin: null,
};

/** Four closed segments of a hundred rows, the first two of them archived, and a live one. */
function fill(folder: string): { store: SegmentedStore; archives: string[] } {
  const parts = [0, 1, 2, 3].map((part) => numberedRows(part * 100, part * 100 + 99));
  const files = fillSegments(folder, parts);
  for (const file of files.slice(0, 2)) archiveSegment(file);
  return { store: openDevices(folder), archives: files.slice(0, 2).map(archiveOf) };
}

describe("a store with archives", () => {
  test("counts the bytes that they take, also right after archiving", () => {
    using folder = temporaryFolder();
    const { store, archives } = fill(folder.path);
    using _store = store;
    const files = () => store.segments().map(({ file }) => file);
    expect(files().slice(0, 2)).toEqual(archives);
    archiveAll(store);
    expect(store.segments().map(({ state }) => state)).toEqual([
      "archived",
      "archived",
      "archived",
      "finished",
      "live",
    ]);
    const bytes = files().map((file) => statSync(file).size);
    expect(
      store
        .segments()
        .map((segment) => segment.bytes)
        .slice(0, 4),
    ).toEqual(bytes.slice(0, 4));
  });

  test("removes them when they are too old, by the end of their segments", async () => {
    using folder = temporaryFolder();
    const { store, archives } = fill(folder.path);
    using _store = store;
    const remove = (ageCutoffUs: number) => store.removeOldest({ ...NO_LIMITS, ageCutoffUs });
    expect((await remove(START_US + HOUR_US)).files).toEqual([]);
    expect((await remove(START_US + HOUR_US + 1)).files).toEqual(archives.slice(0, 1));
    expect(archives.map((file) => existsSync(file))).toEqual([false, true]);
    expect(await readNumbers({ kind: "folder", folder: folder.path })).toHaveLength(300);
  });

  test("removes the oldest when all take too much", async () => {
    using folder = temporaryFolder();
    const { store, archives } = fill(folder.path);
    using _store = store;
    const bytes = store.size().bytes;
    const removed = await store.removeOldest({ ...NO_LIMITS, bytesMax: bytes - 1 });
    expect(removed).toEqual({
      files: archives.slice(0, 1),
      bytes: expect.any(Number),
      more: false,
    });
    expect(store.size().bytes).toBe(bytes - removed.bytes);
  });

  test("removes the archive with a segment that is still there beside it", async () => {
    using folder = temporaryFolder();
    const [first = "", second = ""] = fillSegments(folder.path, [numberedRows(0, 9), [], []]);
    using store = openDevices(folder.path);
    archiveSegment(second);
    copyFileSync(archiveOf(second), archiveOf(first));
    await store.removeOldest({ ...NO_LIMITS, ageCutoffUs: START_US + HOUR_US + 1 });
    expect([existsSync(first), existsSync(archiveOf(first))]).toEqual([false, false]);
  });

  test("removes what archiving has left behind when it starts", () => {
    using folder = temporaryFolder();
    const [first = "", second = ""] = fillSegments(folder.path, [numberedRows(0, 9), [], []]);
    archiveSegment(second);
    copyFileSync(archiveOf(second), archiveOf(first));
    copyFileSync(archiveOf(second), `${archiveOf(first)}.making`);
    using _store = openDevices(folder.path);
    expect([existsSync(first), existsSync(archiveOf(first))]).toEqual([true, false]);
    const names = readdirSync(folder.path, { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => name.includes(".making"))).toEqual([]);
  });
});

describe("the newest messages of a topic", () => {
  test("are found in archives, in segments and in the live one, and no others are looked for", () => {
    using folder = temporaryFolder();
    const rare = (...numbers: number[]) =>
      numbers.map((number) => numbered(number, number, "rare"));
    const files = fillSegments(folder.path, [
      [...rare(1), ...numberedRows(2, 20), ...rare(21, 22)],
      [...numberedRows(30, 40), ...rare(41)],
      numberedRows(50, 60),
    ]);
    for (const file of files.slice(0, 2)) archiveSegment(file);
    using store = openDevices(folder.path);
    store.append(rare(70, 71));
    const place = { kind: "folder", folder: folder.path } as const;
    const newest = (limit: number, topic = "rare") => readNewest(place, { topics: [topic], limit });
    expect(numbersOf(newest(2))).toEqual([70, 71]);
    expect(numbersOf(newest(4))).toEqual([22, 41, 70, 71]);
    expect(numbersOf(newest(100))).toEqual([1, 21, 22, 41, 70, 71]);
    expect(newest(3, "none")).toEqual([]);
  });

  test("of several topics are in one order, whether they are named or matched by a filter", () => {
    using folder = temporaryFolder();
    const parts = [0, 20, 40].map((from) => [
      ...numberedRows(from, from + 9, "a/x"),
      ...numberedRows(from + 10, from + 14, "a/y"),
      ...numberedRows(from + 15, from + 19, "b"),
      numbered(from + 19, from + 19, "c"),
    ]);
    const [first = "", ...others] = fillSegments(folder.path, parts);
    archiveSegment(first);
    expect(others).toHaveLength(2);
    using store = openDevices(folder.path);
    const place = { kind: "folder", folder: folder.path } as const;
    const read = (topics: string[], limit: number) =>
      numbersOf(readNewest(place, { topics, limit }));
    expect(read(["a/x", "b"], 7)).toEqual([48, 49, 55, 56, 57, 58, 59]);
    expect(read(["a/+"], 6)).toEqual([49, 50, 51, 52, 53, 54]);
    store.append([...numberedRows(60, 61, "a/y"), numbered(62, 62, "b")]);
    expect(read(["a/+"], 4)).toEqual([53, 54, 60, 61]);
    expect(read(["c", "a/y"], 100)).toEqual([
      ...[10, 11, 12, 13, 14, 19, 30, 31, 32, 33, 34, 39, 50, 51, 52, 53, 54, 59, 60, 61],
    ]);
    expect(read(["#"], 1_000)).toHaveLength(66);
    expect(read([], 10)).toEqual([]);
  });

  test("are looked for in so many rows of the open segment, and in all of the others", () => {
    using folder = temporaryFolder();
    fillSegments(folder.path, [[numbered(0, 0, "rare"), ...numberedRows(1, 99)], []]);
    using store = openDevices(folder.path);
    store.append([numbered(100, 100, "rare"), ...numberedRows(101, 110)]);
    const place = { kind: "folder", folder: folder.path } as const;
    const read = (scannedMax: number) =>
      numbersOf(readNewest(place, { topics: ["rare"], limit: 9, scannedMax }));
    expect(read(11)).toEqual([0, 100]);
    expect(read(10)).toEqual([0]);
  });
});

describe("a question in SQL", () => {
  test("is answered by an archive as by its segment", () => {
    using folder = temporaryFolder();
    const files = fillSegments(folder.path, [
      [...numberedRows(0, 99, "a"), ...numberedRows(100, 199, "b")],
      numberedRows(200, 299, "a"),
    ]);
    const ask = () =>
      askSegments(
        { kind: "folder", folder: folder.path },
        {
          sql: `SELECT count(*) AS rows, min(rows.id) AS first, sum(CAST(payload AS INTEGER)) AS sum,
                topics.topic, sealed.successor, segment.next_id
              FROM rows JOIN topics ON topics.id = topic_id CROSS JOIN segment LEFT JOIN sealed
              WHERE topics.topic = @topic GROUP BY topics.topic`,
          parameters: { topic: "a" },
          fromUs: 0,
        },
      );
    const answers = ask();
    expect(answers).toHaveLength(2);
    for (const file of files) archiveSegment(file);
    expect(ask()).toEqual(answers);
  });
});
