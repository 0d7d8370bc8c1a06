import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Fault } from "@weir/runtime";
import { openReader, type SegmentedStore } from "@weir/store";
import { readingAt, START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { DAY_US, openData, outboxReading, query } from "../fixture.ts";

const MINUTE_US = 60_000_000;
const FIRST = "2026-01-01/data-20260101T000000.000000Z.db";

const namesOf = (store: SegmentedStore): string[] => store.segments().map(({ name }) => name);

describe("a segmented store", () => {
  test("begins its first segment in the folder of its day, named by the time", () => {
    using folder = temporaryFolder();
    using store = openData(folder.file("a/data"), START_US + 1_234_567);
    const name = "2026-01-01/data-20260101T000001.234567Z.db";
    expect(namesOf(store)).toEqual([name]);
    expect(store.liveFile()).toBe(folder.file(`a/data/${name}`));
    expect(store.append([readingAt(START_US)]).lastId).toBe(1);
  });

  test("goes on in the newest segment after it was closed and opened", () => {
    using folder = temporaryFolder();
    {
      using store = openData(folder.path);
      store.append([outboxReading(1)]);
      store.rotate(START_US + DAY_US);
      store.append([outboxReading(2)]);
    }
    using store = openData(folder.path, START_US + 5 * DAY_US);
    expect(namesOf(store)).toHaveLength(2);
    expect(store.append([outboxReading(2), outboxReading(3)])).toEqual({
      lastId: 3,
      filed: ["duplicate", "new"],
    });
  });

  test("has one writer: a second one is refused with a remedy", () => {
    using folder = temporaryFolder();
    using _first = openData(folder.path);
    expect(() => openData(folder.path)).toThrow(`another logger is writing in ${folder.path}`);
  });

  test("leaves other files in its folder alone", () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("2026-01-01"));
    const others = [
      "2026-01-01/notes.txt",
      "2026-01-01/data-2026.db",
      "2026-01-01/data-20270101T000000.000000Z.db",
      "2026-01-01/data-20260101T250000.000000Z.db",
      "2026-01-01/database-20260101T000000.000000Z.db.making",
    ];
    for (const name of others) writeFileSync(folder.file(name), "theirs");
    using store = openData(folder.path);
    expect(namesOf(store)).toEqual([FIRST]);
    for (const name of others) expect(existsSync(folder.file(name))).toBe(true);
  });

  test("refuses a segment of a newer version", () => {
    using folder = temporaryFolder();
    openData(folder.path)[Symbol.dispose]();
    new Sqlite(folder.file(FIRST)).exec("PRAGMA user_version = 999").close();
    expect(() => openData(folder.path)).toThrow("format version 999");
  });
});

describe("a rotation", () => {
  test("carries the ledger, its totals and the next id into the new segment", () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    store.append([outboxReading(1), outboxReading(3), readingAt(START_US)]);
    const receipt = store.receiptOf("kitchen");
    store.rotate(START_US + DAY_US);
    expect(store.receiptOf("kitchen")).toEqual(receipt);
    expect(store.append([outboxReading(3), outboxReading(2)])).toEqual({
      lastId: 4,
      filed: ["duplicate", "new"],
    });
    using reader = openReader(store.liveFile());
    expect(reader?.ledger.unsequenced()).toBe(1);
    expect(reader?.ledger.lines("kitchen")).toMatchObject([{ received: 3 }]);
    expect(query(store.liveFile(), "SELECT id FROM rows")).toEqual([{ id: 4 }]);
  });

  test("gives no id twice, also when nothing came between two rotations", () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    store.append([readingAt(START_US), readingAt(START_US)]);
    store.rotate(START_US + DAY_US);
    store.rotate(START_US + 2 * DAY_US);
    expect(store.append([readingAt(START_US)]).lastId).toBe(3);
  });

  test("seals the old segment last, and names its successor", () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    const rotated = store.rotate(START_US + DAY_US);
    expect(rotated).toEqual({
      sealed: folder.file(FIRST),
      live: folder.file("2026-01-02/data-20260102T000000.000000Z.db"),
    });
    expect(query(rotated.sealed, "SELECT sealed_us, successor FROM sealed")).toEqual([
      { sealed_us: START_US + DAY_US, successor: "2026-01-02/data-20260102T000000.000000Z.db" },
    ]);
    expect(store.unfinished()).toEqual([rotated.sealed]);
    expect(store.segments().map(({ state }) => state)).toEqual(["sealed", "live"]);
  });

  test("overwrites nothing and keeps the order when the clock is set back", () => {
    using folder = temporaryFolder();
    {
      using store = openData(folder.path, START_US + DAY_US);
      store.rotate(START_US);
      store.rotate(START_US + DAY_US);
      store.rotate(START_US - 400 * DAY_US);
    }
    using store = openData(folder.path, START_US);
    store.rotate(START_US);
    expect(namesOf(store)).toEqual(
      [0, 1, 2, 3, 4].map((us) => `2026-01-02/data-20260102T000000.00000${us}Z.db`),
    );
    expect(namesOf(store)).toEqual(namesOf(store).toSorted());
    expect(store.liveSinceUs()).toBe(START_US);
  });

  test("overwrites nothing that an operator has put in its way", () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    const inTheWay = folder.file("2026-01-01/data-20260101T000100.000000Z.db");
    writeFileSync(inTheWay, "theirs");
    const { live } = store.rotate(START_US + MINUTE_US);
    expect(live).toBe(folder.file("2026-01-01/data-20260101T000100.000001Z.db"));
    expect(query(live, "SELECT id FROM rows")).toEqual([]);
  });

  test("does not wait for readers, and they keep what they were reading", () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    store.append([readingAt(START_US), readingAt(START_US)]);
    const reader = new Sqlite(store.liveFile(), { readonly: true });
    const reading = reader.prepare("SELECT id FROM rows").pluck().iterate();
    expect(reading.next().value).toBe(1);
    store.rotate(START_US + DAY_US);
    expect(store.append([readingAt(START_US)]).lastId).toBe(3);
    expect([...reading]).toEqual([2]);
    expect(reader.prepare("SELECT count(*) FROM sealed").pluck().get()).toBe(1);
    reader.close();
  });

  test("that fails leaves the live segment as it was, and nothing behind", () => {
    using folder = temporaryFolder();
    using store = openData(folder.path);
    store.append([outboxReading(1)]);
    // A file where the day's folder is to be.
    writeFileSync(folder.file("2026-01-02"), "");
    expect(() => store.rotate(START_US + DAY_US)).toThrow(Fault);
    expect(store.liveFile()).toBe(folder.file(FIRST));
    expect(store.append([outboxReading(2)]).lastId).toBe(2);
    expect(readdirSync(folder.path).sort()).toEqual([
      "2026-01-01",
      "2026-01-02",
      "stream.ballast",
      "stream.lock",
    ]);

    const { live } = store.rotate(START_US + DAY_US * 2);
    expect(store.append([outboxReading(2)]).filed).toEqual(["duplicate"]);
    expect(live).toBe(join(folder.path, "2026-01-03/data-20260103T000000.000000Z.db"));
  });
});
