import { describe, expect, jest, test } from "@jest/globals";
import { canMountSmallDisk, mountSmallDisk } from "@weir/testkit";
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

jest.setTimeout(120_000);

const KEPT = { historyMs: 400 * DAY_MS };
const STEP_BYTES = 4_096;

(canMountSmallDisk() ? describe : describe.skip)("on a full disk", () => {
  test("a flush fails whole, wherever the space ends, and the next one keeps all", async () => {
    using disk = mountSmallDisk(4);
    const file = `${disk.path}/index.db`;
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    const given: Given[] = [];
    let row = 0;
    const give = () => {
      row += 1;
      for (const hour of [0, 23, 24]) {
        const point = { path: "power", us: START_US + hour * HOUR_US - row, value: row };
        home.add("t", point.path, point.us, point.value);
        given.push(point);
      }
      home.pass(rowAt(row));
    };
    give();
    await home.flush();

    let failures = 0;
    // A little more space each time, until it is enough.
    for (let space = 0, isFull = true; isFull; space += STEP_BYTES) {
      give();
      disk.fillBut(space);
      isFull = await home.flush().then(
        () => false,
        () => true,
      );
      disk.free();
      failures += Number(isFull);
      // What an earlier flush left may have been written, or not.
      const flushed = given.slice(0, 3 * (home.through?.id ?? 0));
      expect(readSeries(file, "power")).toEqual(expectedOf(flushed, "power"));
      expect(filesOf(file)).toEqual(indexedFiles(file));
      expect(home.waitingPoints).toBe(given.length - flushed.length);
    }
    expect(failures).toBeGreaterThan(3);
    expect(home.waitingPoints).toBe(0);
    expect(readSeries(file, "power")).toEqual(expectedOf(given, "power"));
    expect(home.through).toEqual(rowAt(row));
  });

  test("series that came while nothing could be written keep their points apart", async () => {
    using disk = mountSmallDisk(4);
    const file = `${disk.path}/index.db`;
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    const given: Given[] = [];
    const give = (...paths: string[]) => {
      for (const path of paths) {
        const point = { path, us: START_US + given.length, value: given.length };
        home.add("t", point.path, point.us, point.value);
        given.push(point);
      }
      home.pass(rowAt(given.length));
    };
    let failures = 0;
    for (let space = 0; space < 10 * STEP_BYTES; space += STEP_BYTES) {
      give(`${space} a`, `${space} b`);
      disk.fillBut(space);
      await home.flush().catch(() => {
        failures += 1;
      });
      disk.free();
    }
    give("late");
    await home.flush();
    expect(failures).toBeGreaterThan(1);
    for (const { path } of given) expect(readSeries(file, path)).toEqual(expectedOf(given, path));
  });

  test("a merge fails whole, and the next one succeeds", async () => {
    using disk = mountSmallDisk(4);
    const file = `${disk.path}/index.db`;
    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    const given: Given[] = [];
    for (let row = 1; row <= 12; row += 1) {
      const point = { path: "power", us: START_US + row, value: row };
      home.add("t", point.path, point.us, point.value);
      given.push(point);
      home.pass(rowAt(row));
      await home.flush();
    }
    const files = filesOf(file);
    disk.fillBut(0);
    await expect(home.merge()).rejects.toThrow();
    expect(filesOf(file)).toEqual(files);
    disk.free();
    expect(await home.merge()).toBe(true);
    history.clock.advance(60_000);
    expect(filesOf(file)).toEqual(["month=2026-11/2026-11-17.000000014.parquet"]);
    expect(readSeries(file, "power")).toEqual(expectedOf(given, "power"));
  });
});
