import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { SegmentedStore } from "@weir/store";
import { readingAt, START_US, temporaryFolder } from "@weir/testkit";
import { DAY_US, openData } from "../fixture.ts";

type FolderLimits = Parameters<SegmentedStore["removeOldest"]>[0];

const NONE = { ageCutoffUs: null, bytesMax: null, freeDiskBytesMin: null };

function limitsAt(day: number, limits: Partial<FolderLimits> = {}): FolderLimits {
  return { nowUs: START_US + day * DAY_US, ...NONE, ...limits };
}

/** A store with segments of the days 0 to `days`, the last of them live. */
function openDays(folder: string, days: number): SegmentedStore {
  const store = openData(folder);
  for (let day = 1; day <= days; day += 1) {
    store.append([readingAt(START_US)]);
    store.rotate(START_US + day * DAY_US);
  }
  return store;
}

const daysOf = (store: SegmentedStore): string[] =>
  store.segments().map(({ name }) => name.slice(0, 10));

describe("retention in a folder", () => {
  test("removes the files that ended before the cutoff, and the folders of their days", async () => {
    using folder = temporaryFolder();
    using store = openDays(folder.path, 4);
    const [first, second] = store.segments().map(({ file }) => file);
    chmodSync(first ?? "", 0o444);
    const removed = await store.removeOldest(limitsAt(4, { ageCutoffUs: START_US + 2.5 * DAY_US }));
    expect(removed).toMatchObject({ files: [first, second], more: false });
    expect(daysOf(store)).toEqual(["2026-01-03", "2026-01-04", "2026-01-05"]);
    expect(readdirSync(folder.path).sort()).toEqual([
      ...daysOf(store),
      "stream.ballast",
      "stream.lock",
    ]);
  });

  test("removes the oldest until all together are small enough", async () => {
    using folder = temporaryFolder();
    using store = openDays(folder.path, 3);
    const bytesOf = () => store.segments().reduce((sum, { bytes }) => sum + bytes, 0);
    const bytesMax = bytesOf() - 1;
    expect((await store.removeOldest(limitsAt(3, { bytesMax }))).files).toHaveLength(1);
    expect(bytesOf()).toBeLessThanOrEqual(bytesMax);
    expect((await store.removeOldest(limitsAt(3, { bytesMax }))).files).toHaveLength(0);
  });

  test("never removes the live segment, however little space there is", async () => {
    using folder = temporaryFolder();
    using store = openDays(folder.path, 2);
    const everything = {
      ageCutoffUs: START_US + 900 * DAY_US,
      bytesMax: 0,
      freeDiskBytesMin: 1e18,
    };
    expect((await store.removeOldest(limitsAt(1_000, everything))).files).toHaveLength(2);
    expect(daysOf(store)).toEqual(["2026-01-03"]);
    expect(store.append([readingAt(START_US)]).lastId).toBe(3);
    expect(existsSync(store.liveFile())).toBe(true);
  });

  test("removes a bounded number of files in each pass, and says that there are more", async () => {
    using folder = temporaryFolder();
    using store = openDays(folder.path, 20);
    const all = limitsAt(30, { ageCutoffUs: START_US + 30 * DAY_US });
    const passes = [];
    for (let pass = 0; pass < 3; pass += 1) passes.push(await store.removeOldest(all));
    expect(passes.map(({ files, more }) => [files.length, more])).toEqual([
      [16, true],
      [4, false],
      [0, false],
    ]);
  });

  test("leaves a day's folder that holds something else", async () => {
    using folder = temporaryFolder();
    using store = openDays(folder.path, 2);
    writeFileSync(folder.file("2026-01-01/notes.txt"), "theirs");
    mkdirSync(folder.file("2020-01-01"));
    await store.removeOldest(limitsAt(9, { ageCutoffUs: START_US + 9 * DAY_US }));
    expect(readdirSync(folder.file("2026-01-01"))).toEqual(["notes.txt"]);
    expect(existsSync(folder.file("2020-01-01"))).toBe(true);
    expect(existsSync(folder.file("2026-01-02"))).toBe(false);
  });

  test("goes by the name of a segment that cannot be read", async () => {
    using folder = temporaryFolder();
    {
      using store = openDays(folder.path, 2);
      const [first] = store.segments();
      truncateSync(first?.file ?? "", 100);
    }
    using store = openDays(folder.path, 0);
    const [first] = store.segments();
    const { files } = await store.removeOldest(limitsAt(2, { ageCutoffUs: START_US + 1 }));
    expect(files).toEqual([first?.file]);
    expect(existsSync(dirname(first?.file ?? ""))).toBe(false);
  });

  test("skips what an operator has removed by hand", async () => {
    using folder = temporaryFolder();
    using store = openDays(folder.path, 3);
    const [first, second] = store.segments().map(({ file }) => file);
    rmSync(dirname(first ?? ""), { recursive: true });
    expect(daysOf(store)).toHaveLength(3);
    const cutoff = { ageCutoffUs: START_US + 2.5 * DAY_US };
    expect((await store.removeOldest(limitsAt(3, cutoff))).files).toEqual([second]);
  });
});
