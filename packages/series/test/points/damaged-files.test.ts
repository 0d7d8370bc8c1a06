import { rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { historyFolderOf } from "@weir/series";
import { overwrite, temporaryFolder } from "@weir/testkit";
import {
  DAY_MS,
  expectedOf,
  filesOf,
  type Given,
  HOUR_US,
  type OpenedHistory,
  openHistory,
  readSeries,
  rowAt,
  START_US,
} from "./history-fixture.ts";

const KEPT = { historyMs: 400 * DAY_MS };

/** Points of one hour of two days, the last one first. */
const flushes: Given[][] = [0, 1, 2].map((flush) =>
  [0, 24].map((hour) => ({
    path: "power",
    us: START_US + hour * HOUR_US + (10 - flush) * 1_000,
    value: flush + hour,
  })),
);

async function flushAll({ store }: OpenedHistory, all: readonly Given[][]): Promise<void> {
  const home = await store.stream("home", KEPT);
  for (const flush of all) {
    for (const { path, us, value } of flush) home.add("t", path, us, value);
    home.pass(rowAt((home.through?.id ?? 0) + 1));
    await home.flush();
  }
}

const pathOf = (indexFile: string, name: string) =>
  join(historyFolderOf(indexFile), "stream=home", name);

/** Overwrites all of a file of points but its ends. */
const damage = (file: string) => overwrite(file, 4, statSync(file).size - 8);

/** The file of the second flush and the first day. */
const SECOND = "month=2026-11/2026-11-17.000000003.parquet";
const withoutSecond = flushes.flat().toSpliced(2, 1);

test("a damaged file is set aside by the merge that finds it, and its hours stay", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  await flushAll(history, flushes);
  const before = readSeries(file, "power");
  damage(pathOf(file, SECOND));

  history.clock.advance(3 * DAY_MS);
  const home = await history.store.stream("home", KEPT);
  while (await home.merge());

  expect(history.lost).toMatchObject([{ stream: "home", file: pathOf(file, SECOND), rows: 1 }]);
  expect(filesOf(file)).toContain(`${SECOND}.damaged`);
  const { points, hours } = readSeries(file, "power");
  expect(points).toEqual(expectedOf(withoutSecond, "power").points);
  expect(hours).toEqual(before.hours);
});

test("late points are added to the hour of a damaged file, whose points are still counted", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  await flushAll(history, flushes);
  damage(pathOf(file, SECOND));

  const late = { path: "power", us: START_US + 5, value: -3 };
  await flushAll(history, [[late]]);

  expect(history.lost).toHaveLength(1);
  const { points, hours } = readSeries(file, "power");
  expect(points).toEqual(expectedOf([late, ...withoutSecond], "power").points);
  const { count, sum, min, max, first, last } = hours[0]?.partial ?? {};
  expect({ count, sum, min, max, first, last }).toEqual({
    count: 4,
    sum: 0 + 1 + 2 - 3,
    min: -3,
    max: 2,
    first: { us: late.us, value: -3 },
    last: { us: START_US + 10_000, value: 0 },
  });
});

test("a file that is missing at the start is named, and the others are kept", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using history = openHistory(file);
    await flushAll(history, flushes);
  }
  rmSync(pathOf(file, SECOND));
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  expect(home.through).toEqual(rowAt(3));
  expect(history.lost).toMatchObject([{ file: pathOf(file, SECOND), rows: 1 }]);
  expect(readSeries(file, "power").points).toEqual(expectedOf(withoutSecond, "power").points);
});

test.each([
  ["overwritten", (path: string) => overwrite(path, 0, statSync(path).size)],
  [
    "overwritten at its end",
    (path: string) => overwrite(path, statSync(path).size - 4, statSync(path).size),
  ],
  ["cut off", (path: string) => truncateSync(path, statSync(path).size - 1)],
  ["empty", (path: string) => truncateSync(path, 0)],
])(
  "a file that is %s is set aside at the start, and taken from the rows again",
  async (_, spoil) => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    {
      using history = openHistory(file);
      await flushAll(history, flushes);
    }
    spoil(pathOf(file, SECOND));
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    expect(history.lost).toMatchObject([{ file: pathOf(file, SECOND), rows: 1 }]);
    expect(filesOf(file)).toContain(`${SECOND}.damaged`);

    const [refill] = home.refills();
    for (const { path, us, value } of flushes[1] ?? []) refill?.add("t", path, us, value);
    await refill?.finish();
    expect(readSeries(file, "power")).toEqual(expectedOf(flushes.flat(), "power"));
  },
);

test("the points of a damaged file are taken from the rows again, those of other files are not", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  await flushAll(history, flushes);
  damage(pathOf(file, SECOND));
  const late = { path: "power", us: START_US + 5, value: -3 };
  await flushAll(history, [[late]]);
  const home = await history.store.stream("home", KEPT);

  const [refill, ...others] = home.refills();
  expect(others).toEqual([]);
  expect([refill?.after, refill?.through].map((row) => row?.id)).toEqual([1, 2]);
  for (const { path, us, value } of flushes[1] ?? []) refill?.add("t", path, us, value);
  await refill?.finish();

  expect(home.refills()).toEqual([]);
  expect(readSeries(file, "power")).toEqual(expectedOf([...flushes.flat(), late], "power"));
  // A number is never used twice.
  expect(filesOf(file)).not.toContain(SECOND);
});

test("without their rows, the points of a damaged file are given up", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  await flushAll(history, flushes);
  damage(pathOf(file, SECOND));
  history.clock.advance(3 * DAY_MS);
  const home = await history.store.stream("home", KEPT);
  while (await home.merge());
  const before = readSeries(file, "power");
  await home.refills()[0]?.finish();
  expect(home.refills()).toEqual([]);
  expect(readSeries(file, "power")).toEqual(before);
});

test("a damaged file is found while a lost index is made again, and its points are taken from the rows", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using history = openHistory(file);
    await flushAll(history, flushes);
  }
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
  const path = pathOf(file, SECOND);
  // Its metadata are whole.
  overwrite(path, 4, 100);
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  expect(history.lost).toMatchObject([{ file: path, rows: null }]);
  expect(home.through).toEqual(rowAt(3));
  expect(readSeries(file, "power")).toEqual(expectedOf(withoutSecond, "power"));

  const [refill] = home.refills();
  for (const { path: of, us, value } of flushes[1] ?? []) refill?.add("t", of, us, value);
  await refill?.finish();
  expect(readSeries(file, "power")).toEqual(expectedOf(flushes.flat(), "power"));
});

test("the points of a damaged file of a whole month are taken from all of their rows again", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const late = [{ path: "power", us: START_US - 3 * HOUR_US, value: 1 }];
  // The days have their last points in another order than their names.
  const all = [...flushes, late];
  await flushAll(history, all);
  history.clock.advance(30 * DAY_MS);
  const home = await history.store.stream("home", KEPT);
  while (await home.merge());
  history.clock.advance(DAY_MS);
  const [month, ...others] = filesOf(file);
  expect(others).toEqual([]);
  damage(pathOf(file, month as string));
  const again = [{ path: "power", us: START_US, value: 9 }];
  await flushAll(history, [again]);
  expect(history.lost).toHaveLength(1);

  const [refill] = home.refills();
  expect([refill?.after, refill?.through?.id]).toEqual([null, 4]);
  for (const { path, us, value } of all.flat()) refill?.add("t", path, us, value);
  await refill?.finish();
  expect(readSeries(file, "power")).toEqual(expectedOf([...all.flat(), ...again], "power"));
});
