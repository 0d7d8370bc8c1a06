import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { START_MS, Workbench } from "../workbench.ts";

const HOUR_MS = 3_600_000;

const file = (config = ""): string => `
flows:
  warm:
    nodes:
      limit: { type: threshold, series: "+#t", above: 0 }
      alert: { type: alert, title: "{{deviceName}} at {{value}}"${config} }
      begun: { type: debug }
      over: { type: debug }
    wires: [limit.yes -> alert.raise, limit.no -> alert.clear, alert.raised -> begun, alert.cleared -> over]
`;
const twoAlarms = (config = ""): string =>
  file(config)
    .replace('type: threshold, series: "+#t", above: 0', 'type: series, series: "+#t"')
    .replace("limit.yes -> alert.raise, limit.no -> alert.clear", "limit -> alert.raise");

const alertsOf = (bench: Workbench): string[] =>
  bench.changes().alerts.map(({ key, state, title }) => `${key} ${state}: ${title}`);

describe("alert", () => {
  test("is raised and cleared for each device by itself", () => {
    const bench = new Workbench(file());
    bench.reading("a#t", 1, 0);
    bench.reading("b#t", 2, 1);
    bench.reading("a#t", -1, 2);
    expect(alertsOf(bench)).toEqual([
      "home:a#t new: a at 1",
      "home:b#t new: b at 2",
      "home:a#t cleared: a at 1",
    ]);
    expect(bench.path().filter((step) => /begun|over/.test(step))).toEqual([
      "begun:out",
      "begun:out",
      "over:out",
    ]);
  });

  test("raising an open one changes nothing, also after a restart", () => {
    const bench = new Workbench(twoAlarms());
    bench.reading("a#t", 1, 0);
    bench.reading("a#t", 2, 1);
    expect(alertsOf(bench)).toEqual(["home:a#t new: a at 1"]);
    const after = bench.restarted();
    after.reading("a#t", 3, 2);
    expect(alertsOf(after)).toEqual([]);
  });

  test("one that a user has cleared can be raised again", () => {
    const bench = new Workbench(twoAlarms());
    bench.reading("a#t", 1, 0);
    const [raised] = bench.changes().alerts;
    if (raised === undefined) throw new Error("no alert");
    bench.engine.take({ kind: "alerts", alert: { ...raised, state: "cleared" } }, START_MS + 1);
    bench.reading("a#t", 2, 2);
    expect(alertsOf(bench)).toEqual(["home:a#t new: a at 1", "home:a#t new: a at 2"]);
  });

  // Tests begin at 12:00 UTC, 13:00 in Berlin.
  const QUIET = ', quiet: "12:30-16:00", timeZone: Europe/Berlin';

  test("in quiet hours it is there at once, and goes on when they end", () => {
    const bench = new Workbench(file(QUIET));
    bench.reading("a#t", 1, 0);
    expect(alertsOf(bench)).toHaveLength(1);
    bench.advance(3 * HOUR_MS - 1);
    expect(bench.path()).not.toContain("begun:out");
    const after = bench.restarted();
    after.advance(3 * HOUR_MS);
    expect(after.path()).toContain("begun:out");
    expect(alertsOf(after)).toEqual([]);
  });

  test("one that is over before the quiet hours end does not disturb", () => {
    const bench = new Workbench(file(QUIET));
    bench.reading("a#t", 1, 0);
    bench.reading("a#t", -1, 1);
    bench.advance(5 * HOUR_MS);
    expect(alertsOf(bench)).toHaveLength(2);
    expect(bench.path().filter((step) => /begun|over/.test(step))).toEqual([]);
  });

  test("a critical one may ignore quiet hours", () => {
    const bench = new Workbench(file(`${QUIET}, severity: critical, ignoreQuiet: true`));
    bench.reading("a#t", 1, 0);
    expect(bench.path()).toContain("begun:out");
  });

  test.each([
    [', quiet: "25:00-07:00"', /22:00-07:00/],
    [', quiet: "07:00-07:00"', /different times/],
    [', timeZone: "Europe/Berln"', /Europe\/Berlin/],
    [", ignoreQuiet: true", /only a critical alert/],
  ])("refuses %s", (config, words) => {
    expect(parseWorkflowFile(file(config), "test").problems.join()).toMatch(words);
  });

  test("keeps no long payload over the quiet hours", () => {
    const bench = new Workbench(`
flows:
  doors:
    nodes:
      door: { type: topic, topic: door }
      alert: { type: alert, title: open, quiet: "11:00-13:00" }
      show: { type: debug }
    wires: [door -> alert.raise, alert.raised -> show]
`);
    bench.message("door", { log: "x".repeat(200_000) }, 0);
    expect(JSON.stringify(bench.changes().states).length).toBeLessThan(2_000);
    bench.advance(HOUR_MS);
    const [shown] = bench.dataAt("show");
    expect(shown).toMatchObject({ device: "home:door", topic: "door" });
    expect(shown).not.toHaveProperty("payload");
  });
});
