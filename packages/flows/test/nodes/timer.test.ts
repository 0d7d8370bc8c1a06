import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

const HOUR_MS = 60 * MINUTE_MS;
const flow = (config: string) => `
flows:
  clock:
    nodes:
      clock: { type: timer, ${config} }
      show: { type: debug }
    wires: [clock -> show]
`;
/** Minutes since the start. */
const times = (bench: Workbench) =>
  bench.changes().runs.map(({ startedMs }) => (startedMs - START_MS) / MINUTE_MS);

describe("timer", () => {
  test("runs again and again after its time", () => {
    const bench = new Workbench(flow("every: 10m"));
    bench.advance(10 * MINUTE_MS - 1);
    expect(times(bench)).toEqual([]);
    bench.advance(35 * MINUTE_MS);
    expect(times(bench)).toEqual([10, 20, 30]);
  });

  test("keeps its next time over a restart", () => {
    const bench = new Workbench(flow("every: 10m"));
    bench.advance(14 * MINUTE_MS);
    const after = bench.restarted(15 * MINUTE_MS);
    after.advance(31 * MINUTE_MS);
    expect(times(after)).toEqual([20, 30]);
  });

  test("of the times that were missed only the newest happens", () => {
    const bench = new Workbench(flow("every: 10m"));
    bench.advance(14 * MINUTE_MS);
    const after = bench.restarted(65 * MINUTE_MS);
    // Messages of the time before are taken up first.
    after.message("home/hall/door", 1, 45 * MINUTE_MS);
    expect(times(after)).toEqual([]);
    after.advance(75 * MINUTE_MS);
    expect(times(after)).toEqual([60, 70]);
  });

  test("of the missed times of cron, too", () => {
    const bench = new Workbench(flow('cron: "0 * * * *"'));
    bench.advance(90 * MINUTE_MS);
    expect(times(bench)).toEqual([60]);
    const after = bench.restarted(5.5 * HOUR_MS);
    after.advance(6 * HOUR_MS);
    expect(times(after)).toEqual([300, 360]);
  });

  test("goes by the clocks of its zone", () => {
    // 12:00 in UTC is 13:00 in Berlin, on a Saturday.
    const bench = new Workbench(flow('cron: "30 7 * * mon-fri", timeZone: Europe/Berlin'));
    bench.advance(3 * 24 * HOUR_MS);
    expect(bench.changes().runs.map(({ startedMs }) => new Date(startedMs).toISOString())).toEqual([
      "2026-11-30T06:30:00.000Z",
      "2026-12-01T06:30:00.000Z",
    ]);
  });

  test.each([
    ["cron: '61 * * * *'", "61"],
    ["cron: '0 0 30 2 *'", "there is no such time"],
    ["cron: '2030-01-01T00:00:00'", "write minute, hour"],
    ["cron: '0 7 * * *', timeZone: Europe/Nowhere", "Europe/Nowhere"],
    ["every: 10m, cron: '0 7 * * *'", "only one of them"],
    ["timeZone: UTC", "only one of them"],
    ["every: 10ms", "from 1s"],
  ])("refuses %s", (config, words) => {
    expect(parseWorkflowFile(flow(config), "clock").problems.join()).toContain(words);
  });
});
