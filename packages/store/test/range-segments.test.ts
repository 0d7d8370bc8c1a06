import { rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type RangeQuery, readRange, type SegmentedStore } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import {
  numbered,
  numberedRows,
  numbersOf,
  openDevices,
  readAll,
  readNumbers,
  SECOND_US,
} from "./range-fixture.ts";

/** Ten rows in each of three segments, the last of them live. */
function fillThree(store: SegmentedStore): string[] {
  for (const first of [0, 10, 20]) {
    if (first > 0) store.rotate(START_US + first * SECOND_US);
    store.append(numberedRows(first, first + 9));
  }
  return store.segments().map(({ file }) => file);
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe("reading a range of a folder", () => {
  test("goes over all segments, in the order of arrival", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    fillThree(store);
    expect(await readNumbers({ kind: "folder", folder: folder.path })).toEqual(upTo(30));
  });

  test("finds nothing in a folder that is not there", async () => {
    using folder = temporaryFolder();
    expect((await readAll({ kind: "folder", folder: folder.file("none") })).pages).toEqual([]);
  });

  test("goes over a rotation that happens while it reads", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append(numberedRows(0, 4_999));
    const pages = readRange({ kind: "folder", folder: folder.path });
    const first = await pages.next();
    store.append([numbered(5_000)]);
    store.rotate(START_US + 5_001 * SECOND_US);
    store.append([numbered(5_001)]);
    store.rotate(START_US + 5_002 * SECOND_US);
    store.append([numbered(5_002)]);
    const rest = await Array.fromAsync(pages);
    const messages = [first.value, ...rest].flatMap((page) => page?.messages ?? []);
    expect(numbersOf(messages)).toEqual(upTo(5_003));
  });

  test("goes on behind a cursor of any segment, and over the end of it", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    fillThree(store);
    const place = { kind: "folder", folder: folder.path } as const;
    const { pages } = await readAll(place, { limit: 17 });
    const after = pages.at(-1)?.cursor ?? "";
    expect(await readNumbers(place, { after })).toEqual(upTo(30).slice(17));
  });

  test("begins behind a row, where its segment was removed with the next, and where it ends before it at its end", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    const [first = "", second = "", third = ""] = fillThree(store).map((file) => basename(file));
    const place = { kind: "folder", folder: folder.path } as const;
    const behind = (segment: string, id: number, query: RangeQuery = {}) =>
      readNumbers(place, { ...query, behind: { segment, id } });
    expect(await behind(first, 4)).toEqual(upTo(30).slice(4));
    expect(await behind(second, 17)).toEqual(upTo(30).slice(17));
    expect(await behind(second, 99)).toEqual(upTo(30).slice(20));
    expect(await behind(third, 30)).toEqual([]);
    const lateUs = START_US + 25 * SECOND_US;
    expect(await behind(first, 4, { fromUs: lateUs })).toEqual(upTo(30).slice(25));
    for (const { file } of store.segments().slice(0, 2)) rmSync(file);
    expect(await behind(second, 17)).toEqual(upTo(30).slice(20));
  });

  test("goes on when retention removes a segment while it reads, and says so", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    const [, second = ""] = fillThree(store);
    const pages = readRange({ kind: "folder", folder: folder.path });
    await pages.next();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(second + suffix, { force: true });
    const rest = await Array.fromAsync(pages);
    expect(rest.flatMap(({ skipped }) => skipped)).toEqual([
      { segment: basename(second), kind: "removed", reason: `${second} no longer exists` },
    ]);
    expect(numbersOf(rest.flatMap(({ messages }) => messages))).toEqual(upTo(30).slice(20));
  });

  test("says that the segment of a cursor was removed, and goes on with the next", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    const [first = ""] = fillThree(store);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(first + suffix, { force: true });
    const { messages, skipped } = await readAll(
      { kind: "folder", folder: folder.path },
      { after: `${basename(first)}:5` },
    );
    expect(skipped).toEqual([`removed ${basename(first)}`]);
    expect(numbersOf(messages)).toEqual(upTo(30).slice(10));
  });

  test("says that a segment is damaged, and goes on with the next", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    const [, second = ""] = fillThree(store);
    for (const suffix of ["-wal", "-shm"]) rmSync(second + suffix, { force: true });
    writeFileSync(second, "rubbish".repeat(1_000));
    const { messages, skipped } = await readAll({ kind: "folder", folder: folder.path });
    expect(skipped).toEqual([`unreadable ${basename(second)}`]);
    expect(numbersOf(messages)).toEqual([...upTo(10), ...upTo(30).slice(20)]);
  });

  test("does not even open segments that were over before the range begins", async () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    const [first = ""] = fillThree(store);
    const HOUR = 3_600;
    store.rotate(START_US + HOUR * SECOND_US);
    store.append([numbered(HOUR)]);
    rmSync(first);
    writeFileSync(first, "rubbish");
    const query = { fromUs: START_US + HOUR * SECOND_US };
    const { messages, skipped } = await readAll({ kind: "folder", folder: folder.path }, query);
    expect({ numbers: numbersOf(messages), skipped }).toEqual({ numbers: [HOUR], skipped: [] });
  });

  test.each(["devices:1", "../x.db:1", "devices-20260101T000000.000000Z.db:x"])(
    "refuses the cursor %j",
    (after) => {
      expect(() => readRange({ kind: "folder", folder: "data" }, { after })).toThrow("cursor");
    },
  );
});

describe("a finished segment", () => {
  /** Twenty thousand rows, one topic in a hundred of them rare, with the index of a finished segment or not. */
  async function readRare(isIndexed: boolean, filters: string[]) {
    using folder = temporaryFolder();
    let sealed: string;
    {
      using store = openDevices(folder.path);
      store.append(
        Array.from({ length: 20_000 }, (_, number) =>
          numbered(number, number, number % 100 === 7 ? `rare/${number % 3}` : "often"),
        ),
      );
      sealed = store.rotate(START_US).sealed;
    }
    if (isIndexed) new Sqlite(sealed).exec("CREATE INDEX rows_by_topic ON rows (topic_id)").close();
    return numbersOf(
      (await readAll({ kind: "folder", folder: folder.path }, { filters })).messages,
    );
  }

  test.each([[["rare/1"]], [["rare/+"]], [["often", "rare/0"]]])(
    "gives the same with its index as without, for %j",
    async (filters) => {
      const indexed = await readRare(true, filters);
      expect(indexed.length).toBeGreaterThan(60);
      expect(indexed).toEqual(await readRare(false, filters));
    },
  );
});
