import { globSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { createFakeClock, START_US, temporaryFolder } from "@weir/testkit";
import { startHere } from "./fixture.ts";
import { storePlug } from "./plug.ts";

const POWER = "home:tele/plug/SENSOR#ENERGY.Power";
const NO_DATABASE = "no database".repeat(1_000);
const TOTAL = "tele/plug/SENSOR#ENERGY.Total";
/** Two hours in Berlin, with a point in each; the last one ends now. */
const HOURS = ["--from", "2026-01-01", "--time-zone", "Europe/Berlin", "--buckets", "3"];

async function run(...argv: string[]) {
  using folder = temporaryFolder();
  const clock = createFakeClock(START_US / 1_000 + 3_600_000);
  return await startHere(["history", ...argv], { environment: storePlug(folder), clock }).ended;
}

describe("weir history", () => {
  test("prints a table for each series, in the time zone", async () => {
    const { code, out, err } = await run(POWER, TOTAL, ...HOURS);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.replaceAll(/ {2,}/g, " | ").split("\n")).toEqual([
      `${POWER}, W, gauge, steps of 1h, Europe/Berlin`,
      "begin | count | min | max | average | time-weighted | first | last",
      "2026-01-01T00:00:00+01:00 | 1 | 40 | 40 | 40 | 40 | 40 | 40",
      // 40 for 30 s, then 42.
      "2026-01-01T01:00:00+01:00 | 1 | 42 | 42 | 42 | 41.9833333 | 42 | 42",
      "",
      `home:${TOTAL}, kWh, counter, steps of 1h, Europe/Berlin`,
      "begin | count | increase | first | last",
      "2026-01-01T00:00:00+01:00 | 1 | 0 | 10.5 | 10.5",
      "2026-01-01T01:00:00+01:00 | 1 | 0.1 | 10.6 | 10.6",
      "",
    ]);
  });

  test("takes a day, and has gaps where there are no points", async () => {
    const { out } = await run(POWER, "--day", "today", "--buckets", "4", "--json");
    const { buckets, ...about } = JSON.parse(out);
    expect(about).toMatchObject({ series: POWER, unit: "W", kind: "gauge", step: "15m" });
    expect(buckets.map(({ count }: { count: number }) => count)).toEqual([1, 0, 0, 0]);
    expect(buckets[0]).toEqual({
      from: "2026-01-01T00:00:00.000000Z",
      to: "2026-01-01T00:15:00.000000Z",
      firstTime: "2026-01-01T00:00:30.000000Z",
      lastTime: "2026-01-01T00:00:30.000000Z",
      count: 1,
      min: 42,
      max: 42,
      average: 42,
      timeWeightedAverage: (40 * 30 + 42 * 870) / 900,
      first: 42,
      last: 42,
    });
    expect(buckets[1]).toMatchObject({ min: null, average: null, first: null, firstTime: null });
  });

  test("prints CSV", async () => {
    const { out } = await run(TOTAL, ...HOURS, "--csv");
    const [head, first, second, end] = out.split("\r\n");
    expect(head).toBe(
      "series,from,to,firstTime,lastTime,count,min,max,average,timeWeightedAverage,first,last,increase,share,transitions",
    );
    expect(first).toMatch(
      /^home:tele\/plug\/SENSOR#ENERGY\.Total,2025-12-31T23:00:00\.000000Z,.*,0,,$/,
    );
    expect(second).toContain(",1,10.6,10.6,10.6,");
    expect(end).toBe("");
  });

  test("ends when it is stopped, without an answer", async () => {
    using folder = temporaryFolder();
    const stopped = { environment: storePlug(folder), signal: AbortSignal.abort("SIGINT") };
    const ended = await startHere(["history", POWER, "--from", "2026-01-01"], stopped).ended;
    expect(ended).toEqual({ code: 130, out: "", err: "" });
  });

  test("says which file it cannot read, and ends with 1", async () => {
    using folder = temporaryFolder();
    const environment = storePlug(folder);
    for (const file of globSync(folder.file("home/**/*.db"))) writeFileSync(file, NO_DATABASE);
    const clock = createFakeClock(START_US / 1_000 + 3_600_000);
    const { code, out, err } = await startHere(["history", POWER], { environment, clock }).ended;
    expect(code).toBe(1);
    expect(err.match(/^weir history: .*\.db/gm)).toHaveLength(1);
    expect(out).toContain(POWER);
  });

  test.each([
    [
      ["tele/plug/SENSOR#ENERGY.Pwer"],
      'no series "tele/plug/SENSOR#ENERGY.Pwer"; did you mean ENERGY.Power?',
    ],
    [["home:tele/plg/SENSOR#ENERGY.Power"], "did you mean tele/plug/SENSOR?"],
    [["nothing/like/it"], 'there is no series "nothing/like/it"\nA series is stream:topic#path.'],
    [[POWER, "--buckets", "0"], '--buckets: "0" is not allowed'],
    [[POWER, "--json", "--csv"], "--json and --csv exclude each other"],
    [[POWER, "--time-zone", "Europe/Berlni"], "did you mean Europe/Berlin?"],
    [[POWER, "--from", "-1h", "--to", "-2h"], "is not before"],
    [[POWER, "--from", "3000-01-01"], "or now; from 1970 to 2255."],
    [[], "missing required argument 'series'"],
  ])("refuses %j", async (argv, expected) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(78);
    expect(err).toContain(expected);
  });
});
