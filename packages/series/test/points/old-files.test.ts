import { expect, test } from "@jest/globals";
import { mergePoints, NO_POINTS, StoredPoints } from "@weir/series";
import { temporaryFolder } from "@weir/testkit";
import {
  DAY_MS,
  filesOf,
  indexedFiles,
  type OpenedHistory,
  openHistory,
  readSeries,
  rowAt,
  START_US,
} from "./history-fixture.ts";

const ROWS = 12;

/** So many flushes of one point, which become one file at the next merge. */
async function keepRows(history: OpenedHistory) {
  const home = await history.store.stream("home", { historyMs: 400 * DAY_MS });
  for (let row = 1; row <= ROWS; row += 1) {
    home.add("t", "power", START_US + row, row);
    home.pass(rowAt(row));
    await home.flush();
  }
  return home;
}

const isOld = (name: string): boolean => name.endsWith(".old");

test("files that were merged are no Parquet files to other programs, and are still found by who has just asked", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await keepRows(history);
  using before = StoredPoints.open(file);
  const runs = before?.runs(before.find("home", "t", "power") ?? 0, 0, Infinity) ?? [];
  expect(await home.merge()).toBe(true);

  expect(filesOf(file).filter((name) => !isOld(name))).toEqual(indexedFiles(file));
  expect(filesOf(file).filter(isOld)).toHaveLength(ROWS);
  const read = mergePoints(runs.map((run) => before?.read(run) ?? NO_POINTS));
  expect([...read.values]).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1));

  history.clock.advance(60_000);
  expect(filesOf(file)).toEqual(indexedFiles(file));
});

test("a kill leaves them to the next start, which removes them", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using history = openHistory(file);
    const home = await keepRows(history);
    await home.merge();
  }
  expect(filesOf(file).filter(isOld)).toHaveLength(ROWS);
  using history = openHistory(file);
  await history.store.stream("home", { historyMs: 400 * DAY_MS });
  expect(filesOf(file)).toEqual(indexedFiles(file));
  expect(readSeries(file, "power").points).toHaveLength(ROWS);
});
