import { describe, expect, test } from "@jest/globals";
import { StoredPoints } from "@weir/series";
import { temporaryFolder } from "@weir/testkit";
import {
  DAY_MS,
  expectedOf,
  filesOf,
  type Given,
  HOUR_US,
  openHistory,
  readSeries,
  rowAt,
  START_US,
} from "./history-fixture.ts";

const MINUTE_US = 60_000_000;
const KEPT = { historyMs: 400 * DAY_MS };

const power = (minutes: number, value: number): Given => ({
  path: "power",
  us: START_US + minutes * MINUTE_US,
  value,
});

describe("points that were flushed", () => {
  test("are found with their hours and the row up to which they are", async () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    const given = [power(1, 5), power(2, 7.5), power(65, 1), power(25 * 60, 2)];
    for (const [id, { path, us, value }] of given.entries()) {
      home.add("t", path, us, value);
      home.pass(rowAt(id + 1));
    }
    expect(home.through).toBeNull();
    expect(home.waitingPoints).toBe(4);
    await home.flush();

    expect(home.waitingPoints).toBe(0);
    expect(home.through).toEqual(rowAt(4));
    expect(readSeries(file, "power")).toEqual(expectedOf(given, "power"));
    using stored = StoredPoints.open(file);
    expect(stored?.through("home")).toEqual(rowAt(4));
    expect(stored?.through("other")).toBeNull();
    expect(stored?.find("home", "t", "energy")).toBeNull();
    expect(filesOf(file)).toEqual([
      "month=2026-11/2026-11-17.000000001.parquet",
      "month=2026-11/2026-11-18.000000002.parquet",
    ]);
  });

  test("that came late are among the others, and so are their hours", async () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    const flushes = [
      [power(10, 5), power(50, 7)],
      [power(70, 1), power(20, 3)],
      [power(50, 9), power(10, 4), power(130, 2)],
    ];
    for (const [at, flush] of flushes.entries()) {
      for (const { path, us, value } of flush) home.add("t", path, us, value);
      home.pass(rowAt(at + 1));
      await home.flush();
    }
    expect(readSeries(file, "power")).toEqual(expectedOf(flushes.flat(), "power"));
  });
});

test("hours are those that begin in the span", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  for (const minutes of [1, 61, 121, 25 * 60]) {
    home.add("t", "power", START_US + minutes * MINUTE_US, 1);
  }
  home.pass(rowAt(1));
  await home.flush();
  using stored = StoredPoints.open(file);
  const series = stored?.find("home", "t", "power") ?? 0;
  const hoursIn = (fromUs: number, toUs: number) =>
    Array.from(
      stored?.hours(series, fromUs, toUs) ?? [],
      ({ fromUs: us }) => (us - START_US) / HOUR_US,
    );
  expect(hoursIn(START_US, START_US + 2 * HOUR_US)).toEqual([0, 1]);
  expect(hoursIn(START_US + 1, START_US + 25 * HOUR_US + 1)).toEqual([1, 2, 25]);
});
