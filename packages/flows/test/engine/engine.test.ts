import { describe, expect, test } from "@jest/globals";
import { WakeUps } from "../../src/engine/wake-ups.ts";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

describe("the engine", () => {
  test("stops a workflow whose wires lead in a circle, and no other", () => {
    const bench = new Workbench(`
flows:
  circle:
    nodes:
      reading: { type: series, series: "a#x" }
      one: { type: debug }
      two: { type: debug }
    wires: [reading -> one, one -> two, two -> one]
  other:
    nodes:
      reading: { type: series, series: "a#x" }
      show: { type: debug }
    wires: [reading -> show]
`);
    bench.reading("a#x", 1, 0);
    bench.reading("a#x", 2, 1);
    const { stops, runs } = bench.changes();
    expect(stops.map(({ flow }) => flow)).toEqual(["circle"]);
    expect(stops[0]?.reason).toMatch(/circle/);
    expect(runs.filter(({ flow }) => flow === "other")).toHaveLength(2);
  });

  test("keeps only the newest run that did nothing", () => {
    const bench = new Workbench(`
flows:
  quiet:
    nodes: { reading: { type: series, series: "a#x" } }
`);
    for (let n = 0; n < 10; n += 1) bench.reading("a#x", n, n);
    const { runs } = bench.changes();
    expect(runs.map(({ data }) => data?.value)).toEqual([9]);
  });

  test("keeps each run of several that one event begins", () => {
    const bench = new Workbench(`
flows:
  doors:
    nodes:
      one: { type: topic, topic: door }
      two: { type: topic, topic: "#" }
      show: { type: debug }
    wires: [one -> show, two -> show]
`);
    bench.message("door", 1, 0);
    expect(bench.changes().runs.map(({ trigger }) => trigger)).toEqual(["one", "two"]);
  });

  test("what was due while a workflow was stopped happens when it runs again", () => {
    const bench = new Workbench(`
flows:
  clock:
    nodes:
      clock: { type: timer, every: 1m }
      door: { type: topic, topic: door }
      one: { type: debug }
      two: { type: debug }
    wires: [clock -> one, door -> one, one -> two, two -> one]
`);
    bench.message("door", 1, 0);
    bench.advance(9 * MINUTE_MS);
    expect(bench.changes().stops).toHaveLength(1);
    const { length: before } = bench.changes().runs;
    bench.engine.resume("clock");
    bench.advance(9.5 * MINUTE_MS);
    const begun = bench.changes().runs.slice(before);
    expect(begun.map(({ trigger }) => trigger)).toEqual(["clock"]);
  });

  test("what waited when a workflow was changed goes on by its new wires", () => {
    const flow = (to: string) => `
flows:
  wait:
    nodes:
      door: { type: topic, topic: door }
      later: { type: delay, for: 10m }
      before: { type: debug }
      after: { type: debug }
    wires: [door -> later, later -> ${to}]
`;
    const bench = new Workbench(flow("before"));
    bench.message("door", 1, 0);
    bench.engine.setFlows(parseWorkflowFile(flow("after"), "test").flows);
    bench.advance(10 * MINUTE_MS);
    expect(bench.path()).toEqual(["door:message", "later", "later:out", "after:out"]);
  });

  test("remembers no wake-ups that no longer hold", () => {
    const wakeUps = new WakeUps();
    const bench = new Workbench(`
flows:
  quiet:
    nodes: { calm: { type: debounce, for: 30d } }
`);
    const node = bench.engine.flows.get("quiet")?.nodes.get("calm");
    if (node === undefined) throw new Error("there is no node");
    for (let n = 0; n < 100_000; n += 1) {
      node.cells.set("one", { state: null, wakeMs: n, keptMs: n });
      wakeUps.add(n, node, "one");
    }
    expect(wakeUps.size).toBeLessThan(5_000);
    expect(wakeUps.next()?.atMs).toBe(99_999);
  });

  describe("that a client floods with devices it invents", () => {
    const KEYS_MAX = 20_000;
    const DAY_MS = 24 * 60 * MINUTE_MS;
    const FLOW = `
flows:
  silent:
    nodes:
      silence: { type: inactive, topic: "devices/+", for: 1d }
      show: { type: debug }
    wires: [silence -> show]
`;
    const flooded = (): Workbench => {
      const bench = new Workbench(FLOW);
      bench.message("devices/freezer", 1, 0);
      for (let n = 0; n < KEYS_MAX + 10; n += 1) bench.message(`devices/x${n}`, 1, 1);
      return bench;
    };

    test("keeps what it knows, and leaves out others", () => {
      const bench = flooded();
      expect(bench.changes().stops).toEqual([]);
      const { cells, full } = bench.engine.flows.get("silent")?.nodes.get("silence") ?? {};
      expect(cells?.size).toBe(KEYS_MAX);
      expect(full?.problem).toMatch(/silence has states for 20000 keys/);
      bench.advance(DAY_MS);
      expect(bench.dataAt("show")).toMatchObject([{ device: "home:devices/freezer" }]);
    });

    test("has room again for others when the invented ones were silent for a week", () => {
      const bench = flooded();
      bench.advance(2 * DAY_MS);
      bench.message("devices/freezer", 1, 8 * DAY_MS);
      bench.message("devices/shed", 1, 10 * DAY_MS);
      const { cells, full } = bench.engine.flows.get("silent")?.nodes.get("silence") ?? {};
      expect([...(cells?.keys() ?? [])]).toEqual(["home:devices/freezer", "home:devices/shed"]);
      bench.message("devices/shed", 2, 10 * DAY_MS + 1);
      bench.message("devices/attic", 1, 10 * DAY_MS + 2);
      expect(full).not.toBeNull();
      expect(bench.engine.flows.get("silent")?.nodes.get("silence")?.full).toBeNull();
    });
  });

  describe("that stops a workflow", () => {
    const FLOW = `
flows:
  circle:
    nodes:
      door: { type: topic, topic: door }
      one: { type: debug }
      two: { type: debug }
    wires: [door -> one, one -> two, two -> one]
`;
    /** When it was stopped, and when it ran again, in minutes. */
    const stopsOf = (bench: Workbench) =>
      bench
        .changes()
        .stops.map(({ reason, atMs }) => [reason !== null, (atMs - START_MS) / MINUTE_MS]);

    test("lets it run again after a rest that doubles", () => {
      const bench = new Workbench(FLOW);
      for (let minute = 0; minute <= 40; minute += 1) bench.message("door", 1, minute * MINUTE_MS);
      expect(stopsOf(bench)).toEqual([
        ...[
          [true, 0],
          [false, 10],
        ],
        ...[
          [true, 10],
          [false, 30],
        ],
        [true, 30],
      ]);
      bench.message("door", 1, 3 * 1_440 * MINUTE_MS);
      bench.advance((3 * 1_440 + 10) * MINUTE_MS);
      expect(stopsOf(bench).slice(-2)).toEqual([
        [true, 3 * 1_440],
        [false, 3 * 1_440 + 10],
      ]);
    });

    test("lets it rest to the end also after a restart", () => {
      const before = new Workbench(FLOW);
      before.message("door", 1, 0);
      const bench = before.restarted(5 * MINUTE_MS);
      bench.advance(9 * MINUTE_MS);
      expect(stopsOf(bench)).toEqual([]);
      bench.advance(10 * MINUTE_MS);
      expect(stopsOf(bench)).toEqual([[false, 10]]);
    });
  });
});
