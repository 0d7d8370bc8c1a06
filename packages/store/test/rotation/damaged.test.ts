import { readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { openData, outboxReading } from "../fixture.ts";

const DAY_US = 86_400_000_000;
const FIRST = "2026-01-01/data-20260101T000000.000000Z.db";
const SECOND = "2026-01-02/data-20260102T000000.000000Z.db";
const THIRD = "2026-01-03/data-20260103T000000.000000Z.db";

/** Two segments: sequences 1 and 2 in the first, 3 in the live one. */
function makeTwo(folder: string): void {
  using store = openData(folder);
  store.append([outboxReading(1), outboxReading(2)]);
  store.rotate(START_US + DAY_US);
  store.append([outboxReading(3)]);
}

function successorOf(file: string): unknown {
  const database = new Sqlite(file, { readonly: true });
  const successor = database.prepare("SELECT successor FROM sealed").pluck().get();
  database.close();
  return successor;
}

describe("a damaged live segment", () => {
  test.each([
    ["is no longer a database", (file: string) => writeFileSync(file, "x".repeat(10_000))],
    ["is empty", (file: string) => truncateSync(file)],
    ["is cut off", (file: string) => truncateSync(file, 8_192)],
  ])("that %s is kept aside, and its place taken from the one before", (_, damage) => {
    using folder = temporaryFolder();
    makeTwo(folder.path);
    damage(folder.file(SECOND));
    const bytes = readFileSync(folder.file(SECOND));

    using store = openData(folder.path, START_US + 2 * DAY_US);
    expect(store.damaged).toEqual({
      keptAs: folder.file(`${SECOND}.damaged-20260103T000000000Z`),
      reason: expect.any(String),
    });
    expect(readFileSync(store.damaged?.keptAs ?? "")).toEqual(bytes);
    expect(store.segments().map(({ name }) => name)).toEqual([FIRST, THIRD]);
    expect(successorOf(folder.file(FIRST))).toBe(THIRD);
    // What was lost with it comes again, and is taken.
    expect(store.append([1, 2, 3].map((seq) => outboxReading(seq)))).toEqual({
      lastId: 3,
      filed: ["duplicate", "duplicate", "new"],
    });
  });

  test("that is the only one is kept aside, and the stream starts over", () => {
    using folder = temporaryFolder();
    openData(folder.path)[Symbol.dispose]();
    writeFileSync(folder.file(FIRST), "x".repeat(10_000));
    using store = openData(folder.path, START_US - DAY_US);
    expect(store.damaged).not.toBeNull();
    // Its name is not used a second time, though the clock was set back.
    expect(store.segments().map(({ name }) => name)).toEqual([
      "2026-01-01/data-20260101T000000.000001Z.db",
    ]);
  });

  test("that an operator took away is followed by another, never by what is sealed", () => {
    using folder = temporaryFolder();
    makeTwo(folder.path);
    unlinkSync(folder.file(SECOND));
    using store = openData(folder.path, START_US + 2 * DAY_US);
    expect(store.damaged).toBeNull();
    expect(store.liveFile()).toBe(folder.file(THIRD));
    expect(successorOf(folder.file(FIRST))).toBe(THIRD);
    expect(store.append([outboxReading(2)]).filed).toEqual(["duplicate"]);
  });
});

describe("a damaged closed segment", () => {
  test("does not keep the stream from going on", () => {
    using folder = temporaryFolder();
    makeTwo(folder.path);
    writeFileSync(folder.file(FIRST), "x".repeat(10_000));
    using store = openData(folder.path);
    expect(store.append([outboxReading(3), outboxReading(4)]).filed).toEqual(["duplicate", "new"]);
    expect(store.unfinished()).toEqual([folder.file(FIRST)]);
  });
});
