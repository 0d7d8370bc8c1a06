import { describe, expect, test } from "@jest/globals";
import {
  createFakeClock,
  NOTHING_CONFIGURED,
  openTestStore,
  rowOf,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { startHere } from "../fixture.ts";

const VALUES = [100, 100.0005, 100.4, 101, 106.5];

const run = (file: string, ...argv: string[]) =>
  startHere(["deadband-preview", "--stream", "devices", ...argv], {
    environment: { DB_FILE: file, STATS_SERIES_STREAM: "" },
    clock: createFakeClock(START_US / 1_000 + 60_000),
  }).ended;

describe("the options of a preview", () => {
  test.each([
    [["--deadband", "0.5"], 3],
    [["--deadband", "0"], 5],
    [["--deadband", "1e-3"], 4],
    [["--relative", "5%"], 2],
    [["--relative", "0.5 %"], 3],
  ])("%j name a deadband, by which %d of five are reported", async (argv, reported) => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append(
        VALUES.map((value, index) => ({
          ...rowOf(JSON.stringify({ data: { walk: value } }), START_US + index * 1_000_000),
          topic: "devices/kitchen/state",
        })),
      );
    }
    const all = ["--stream", "data", "--json", ...argv];
    const { out } = await run(folder.file("weir.db"), ...all);
    expect(JSON.parse(out).devices).toMatchObject([
      { device: "devices/kitchen", series: [{ attribute: "walk", tallies: [{ reported }] }] },
    ]);
  });

  test.each([
    [["--deadband", "-1"], '--deadband: "-1" is not allowed\nIt must be a number from 0 on'],
    [["--deadband", "5%"], '--deadband: "5%" is not allowed'],
    [["--relative", "0.05"], '--relative: "0.05" is not allowed\nIt must be a percentage'],
    [["--relative", "5%", "--deadband", "1"], "--relative"],
    [["--max-silence", "0s"], '--max-silence: "0s" is not allowed\nIt must be from 1s to 366d'],
    [["--max-silence", "5"], '"5" is not allowed\nIt must be a whole number with a unit: 20ms'],
    [["--stream", "absent"], "The streams are: data, devices."],
    [["--tolerance", "5"], "unknown option '--tolerance'"],
  ])("%j are refused, with what would be right", async (argv, problem) => {
    const { code, err } = await run("x/weir.db", ...argv);
    expect(code).toBe(78);
    expect(err.replace(` in ${NOTHING_CONFIGURED}`, "")).toContain(problem);
  });
});
