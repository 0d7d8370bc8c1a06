import { rmSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import {
  DAY_MS,
  expectedOf,
  filesOf,
  type Given,
  HOUR_US,
  indexedFiles,
  openHistory,
  readSeries,
  rowAt,
  START_US,
} from "./history-fixture.ts";

const KEPT = { historyMs: Number.POSITIVE_INFINITY };

test("points that are erased are in no file and no hour, and the others keep their order", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  const given: Given[] = [];
  // Each hour has points of one time from every flush.
  for (const flush of [1, 2, 3, 4]) {
    for (const path of ["energy", "power"]) {
      for (const hour of [0, 1, 2, 24, 48]) {
        for (const us of [0, 5, 9]) {
          given.push({ path, us: START_US + hour * HOUR_US + us, value: flush });
        }
      }
    }
    for (const { path, us, value } of given.slice(-30)) home.add("t", path, us, value);
    home.pass(rowAt(flush));
    // The last ones wait.
    if (flush < 4) await home.flush();
  }
  const [fromUs, toUs] = [START_US + HOUR_US + 5, START_US + 25 * HOUR_US];
  await home.erase({ matches: (_topic, path) => path === "power", fromUs, toUs });

  const left = given.filter(({ path, us }) => path !== "power" || us < fromUs || us >= toUs);
  const check = () => {
    for (const path of ["energy", "power"]) {
      expect(readSeries(file, path)).toEqual(expectedOf(left, path));
    }
  };
  check();
  history.clock.advance(60_000);
  expect(filesOf(file)).toEqual(indexedFiles(file));
  check();
  history.clock.advance(90 * DAY_MS);
  while (await home.merge());
  check();
});

test("where all points are erased nothing comes back, also when the index is lost at once", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    for (const hour of [0, 24]) home.add("t", "power", START_US + hour * HOUR_US, hour);
    home.add("t", "energy", START_US, 1);
    home.pass(rowAt(1));
    await home.erase({
      matches: (_topic, path) => path === "power",
      fromUs: Number.NEGATIVE_INFINITY,
      toUs: Number.POSITIVE_INFINITY,
    });
    expect(readSeries(file, "power")).toEqual({ points: [], hours: [] });
  }
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  expect(home.through).toEqual(rowAt(1));
  expect(readSeries(file, "power")).toEqual({ points: [], hours: [] });
  expect(readSeries(file, "energy").points).toEqual([{ path: "energy", us: START_US, value: 1 }]);
  // The file without points goes with the next merge.
  history.clock.advance(90 * DAY_MS);
  while (await home.merge());
  history.clock.advance(60_000);
  expect(filesOf(file)).toHaveLength(1);
  expect(home.through).toEqual(rowAt(1));
});

test("a span that ends before it begins removes nothing, and doubles nothing", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  const given: Given[] = [1, 2, 3, 4].map((at) => ({
    path: "power",
    us: START_US + at,
    value: at,
  }));
  for (const { path, us, value } of given) home.add("t", path, us, value);
  home.pass(rowAt(1));
  await home.erase({ matches: () => true, fromUs: START_US + 4, toUs: START_US + 2 });
  expect(readSeries(file, "power")).toEqual(expectedOf(given, "power"));
});

test("what is left of a long series keeps the order of arrival, where its pages become decimals", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  const pageRows = 65_536;
  const given = Array.from({ length: pageRows + 10_000 }, (_, index): Given => {
    const isInFirstPage = index < pageRows;
    // The last point of the first page and the first one of the next have the same time.
    const us = START_US + (isInFirstPage ? index : index - 1) * 1_000_000;
    return { path: "power", us, value: isInFirstPage ? index : Math.sqrt(index) };
  });
  for (const { path, us, value } of given) home.add("t", path, us, value);
  home.pass(rowAt(1));
  await home.flush();
  const toUs = START_US + 60_000 * 1_000_000;
  await home.erase({ matches: () => true, fromUs: START_US, toUs });

  const left = given.filter(({ us }) => us >= toUs).map(({ us, value }) => [us, value]);
  const found = readSeries(file, "power").points.map(({ us, value }) => [us, value]);
  expect(found.findIndex((point, index) => String(point) !== String(left[index]))).toBe(-1);
  expect(found).toHaveLength(left.length);
});
