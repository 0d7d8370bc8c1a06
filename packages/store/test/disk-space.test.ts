import { describe, expect, test } from "@jest/globals";
import { openReader, pruneLimits } from "@weir/store";
import { openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import { bytesToRemove, type FileSpace, pagesToRelease } from "../src/retention/disk-space.ts";

const NONE = { bytesMax: null, freeDiskBytesMin: null };
const PAGE = 4_096;

/** A file of 100 pages, as it is on the disk. */
function spaceOf(changes: Partial<FileSpace> = {}): FileSpace {
  return {
    pageBytes: PAGE,
    pages: 100,
    freePages: 0,
    fileBytes: 100 * PAGE,
    freeDiskBytes: 1_000 * PAGE,
    ...changes,
  };
}

describe("what a file may hold", () => {
  test.each([
    ["no limit", spaceOf(), NONE, 0],
    ["a limit far away", spaceOf(), { ...NONE, bytesMax: 200 * PAGE }, 0],
    ["a limit that is reached", spaceOf(), { ...NONE, bytesMax: 96 * PAGE }, 10],
    ["free pages enough", spaceOf({ freePages: 50 }), { ...NONE, bytesMax: 96 * PAGE }, 0],
    ["space on the disk", spaceOf(), { ...NONE, freeDiskBytesMin: 999 * PAGE }, 0],
    ["a disk that lacks space", spaceOf(), { ...NONE, freeDiskBytesMin: 1_030 * PAGE }, 30],
    [
      "a disk that lacks what was given back, but not yet to it",
      spaceOf({ pages: 70, fileBytes: 100 * PAGE }),
      { ...NONE, freeDiskBytesMin: 1_030 * PAGE },
      0,
    ],
    [
      "the tighter of two limits",
      spaceOf(),
      { bytesMax: 96 * PAGE, freeDiskBytesMin: 1_005 * PAGE },
      10,
    ],
  ])("is reckoned for %s", (_, space, limits, pages) => {
    expect(bytesToRemove(space, limits)).toBe(pages * PAGE);
  });

  test.each([
    ["few free pages are kept for new rows", spaceOf({ freePages: 20 }), NONE, 0],
    ["many free pages are given back but for those", spaceOf({ freePages: 60 }), NONE, 50],
    [
      "a file above its limit gives them back",
      spaceOf({ freePages: 20 }),
      { ...NONE, bytesMax: 90 * PAGE },
      10,
    ],
    [
      "a disk that lacks space gets them",
      spaceOf({ freePages: 20 }),
      { ...NONE, freeDiskBytesMin: 1_015 * PAGE },
      15,
    ],
    [
      "no more are given back than there are",
      spaceOf({ freePages: 20 }),
      { ...NONE, freeDiskBytesMin: 2_000 * PAGE },
      20,
    ],
  ])("%s", (_, space, limits, pages) => {
    expect(pagesToRelease(space, limits)).toBe(pages);
  });
});

describe("retention by size", () => {
  const BYTES_MAX = 400_000;
  const limits = pruneLimits({
    nowUs: START_US,
    retentionUs: null,
    skewUs: 0,
    rowsMax: 100_000,
    bytesMax: BYTES_MAX,
  });
  const batch = Array.from({ length: 1_000 }, (_, index) => readingAt(START_US, index));

  test("keeps the newest rows that fit, however many come", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    for (let round = 0; round < 20; round += 1) {
      store.append(batch);
      store.prune(limits);
      expect(store.size().bytes).toBeLessThanOrEqual(BYTES_MAX);
    }
    using reader = openReader(file);
    expect(reader?.state().lastId).toBe(20_000);
    expect(store.size().rows).toBeGreaterThan(2_000);
    expect(reader?.firstId()).toBe(20_001 - store.size().rows);
  });

  test("raises the generation when rows go that a window may still count, and only then", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    using store = openTestStore(file);
    using reader = openReader(file);
    const anHour = 3_600_000_000;
    for (let round = 0; round < 10; round += 1) store.append(batch);
    const { rows } = store.prune({ ...limits, countedFromUs: START_US + anHour });
    expect(rows).toBeGreaterThan(0);
    expect(reader?.state().generation).toBe(0);
    for (let round = 0; round < 10; round += 1) store.append(batch);
    store.prune(limits);
    expect(reader?.state().generation).toBeGreaterThan(0);
  });

  test("ends a pass when a commit waits, and goes on in the next", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    for (let round = 0; round < 10; round += 1) store.append(batch);
    const everything = { ...limits, cutoffUs: START_US + 1 };
    let looks = 0;
    const isOver = () => ++looks > 1;
    const first = store.prune({ ...everything, isOver });
    expect(first.more).toBe(true);
    expect(first.rows).toBeLessThan(10_000);
    expect(store.prune(everything)).toEqual({ rows: 10_000 - first.rows, more: false });
  });
});
