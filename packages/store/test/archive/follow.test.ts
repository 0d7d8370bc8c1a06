import { existsSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { followStream, newestFileOf, type RowPosition, streamEnd } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { numbered, numberedRows, numbersOf, openDevices } from "../range-fixture.ts";
import { archiveAll, fillSegments, HOUR_US } from "./fixture.ts";

const fromTo = (from: number, through: number): number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

function follow(folder: string, after: RowPosition | null = null) {
  return followStream({ place: { kind: "folder", folder }, after, monotonicMs: () => 0 });
}

/** The numbers of the rows of one step. */
function numbersOfStep(follower: ReturnType<typeof follow>): number[] | string {
  const step = follower.step();
  return step.kind === "rows" ? numbersOf(step.rows.messages) : step.kind;
}

function numbersToEnd(follower: ReturnType<typeof follow>): number[] {
  const numbers: number[] = [];
  for (let step = numbersOfStep(follower); ; step = numbersOfStep(follower)) {
    if (typeof step === "string") return numbers;
    numbers.push(...step);
  }
}

describe("a follower", () => {
  test("reads archives like segments, and goes on in the live one", () => {
    using folder = temporaryFolder();
    fillSegments(folder.path, [numberedRows(0, 999), numberedRows(1_000, 1_999), []]);
    using store = openDevices(folder.path);
    archiveAll(store);
    using follower = follow(folder.path);
    expect(numbersToEnd(follower)).toEqual(fromTo(0, 1_999));
    expect(follower.step().kind).toBe("unchanged");
    store.append([numbered(2_000)]);
    expect(numbersToEnd(follower)).toEqual([2_000]);
  });

  test("goes on in the archive when a segment is archived while it is being read", () => {
    using folder = temporaryFolder();
    const [first = ""] = fillSegments(folder.path, [numberedRows(0, 999), [], []]);
    using follower = follow(folder.path);
    const numbers = numbersOfStep(follower);
    archiveSegment(first);
    expect([...numbers, ...numbersToEnd(follower)]).toEqual(fromTo(0, 999));
  });

  test("begins behind a row that has been archived since", () => {
    using folder = temporaryFolder();
    const [first = ""] = fillSegments(folder.path, [numberedRows(0, 999), [], []]);
    archiveSegment(first);
    using follower = follow(folder.path, { segment: basename(first), id: 500 });
    expect(numbersToEnd(follower)).toEqual(fromTo(500, 999));
  });
});

describe("the newest segment", () => {
  test("that is closed stays a database: a damaged live one is continued from its ledger", () => {
    using folder = temporaryFolder();
    const [first = "", second = ""] = fillSegments(folder.path, [numberedRows(0, 9), []]);
    using store = openDevices(folder.path);
    expect(store.toArchive(Number.MAX_SAFE_INTEGER)).toEqual([first]);
    expect(store.toArchive(START_US)).toEqual([]);
    expect(store.toArchive(START_US + HOUR_US + 1)).toEqual([first]);
    archiveAll(store);
    expect(existsSync(second)).toBe(true);
    expect(newestFileOf({ kind: "folder", folder: folder.path }, "devices")).toBe(store.liveFile());
  });

  test("may be an archive when everything behind it was removed: its ids are continued", () => {
    using folder = temporaryFolder();
    const [first = ""] = fillSegments(folder.path, [numberedRows(0, 9)]);
    const live = openDevices(folder.path);
    live[Symbol.dispose]();
    rmSync(live.liveFile());
    archiveSegment(first);
    const place = { kind: "folder", folder: folder.path } as const;
    expect(streamEnd(place)).toEqual({
      segment: basename(first),
      id: 10,
      receivedUs: START_US + 9_000_000,
    });
    expect(newestFileOf(place, "devices")).toBeNull();
    using store = openDevices(folder.path);
    expect(store.append([numbered(10)]).lastId).toBe(11);
  });
});
