import { expect, test } from "@jest/globals";
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

const KEPT = { historyMs: 2 * DAY_MS };

test("points that are too old go with their files and are not read; their hours stay", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  const given: Given[] = [1, 5, 30, 31].map((hour) => ({
    path: "power",
    us: START_US + hour * HOUR_US + 7,
    value: hour,
  }));
  for (const { path, us, value } of given) home.add("t", path, us, value);
  home.pass(rowAt(1));
  await home.flush();
  const { hours } = expectedOf(given, "power");
  const [first, second] = filesOf(file);

  // The hour of the cutoff is kept as a whole.
  home.expire(START_US + 5.5 * HOUR_US);
  expect(readSeries(file, "power")).toEqual({ points: given.slice(1), hours });
  expect(filesOf(file)).toEqual([first, second]);

  home.expire(START_US + 30 * HOUR_US);
  expect(readSeries(file, "power")).toEqual({ points: given.slice(2), hours });
  // Who began to read before still finds the file, other programs do not.
  expect(filesOf(file)).toEqual([`${first}.old`, second]);
  history.clock.advance(60_000);
  expect(filesOf(file)).toEqual([second]);
});

test("points that come when they are too old are counted, and not kept", async () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  using history = openHistory(file);
  const home = await history.store.stream("home", KEPT);
  home.expire(START_US);
  home.add("t", "power", START_US - 1, 1);
  home.add("t", "power", START_US, 2);
  home.pass(rowAt(1));
  await home.flush();
  expect(home.tooOld).toBe(1);
  expect(readSeries(file, "power").points).toEqual([{ path: "power", us: START_US, value: 2 }]);
});
