import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  later:
    nodes:
      reading: { type: series, series: "home/+#x" }
      wait: { type: delay, for: 5m }
      seen: { type: debug }
      full: { type: debug }
    wires: [reading -> wait, reading -> wait, wait -> seen, wait.error -> full]
`;

describe("delay", () => {
  test("lets each one go on when its time is over, in the same run", () => {
    let bench = new Workbench(FLOW);
    bench.reading("home/a#x", 1, 0);
    bench.reading("home/a#x", 2, MINUTE_MS);
    const ids = bench.changes().runs.map(({ id }) => id);
    bench = bench.restarted();
    bench.advance(5 * MINUTE_MS);
    expect(bench.path()).toEqual(["wait:out", "seen:out", "wait:out", "seen:out"]);
    bench.advance(6 * MINUTE_MS);
    const { runs } = bench.changes();
    expect(new Set(runs.map(({ id }) => id))).toEqual(new Set(ids));
    expect(runs.at(-1)?.steps.at(-1)?.atMs).toBe(START_MS + 6 * MINUTE_MS);
  });

  test("refuses more than a thousand that wait", () => {
    const bench = new Workbench(FLOW);
    for (let n = 0; n < 501; n += 1) bench.reading("home/a#x", n, n);
    const full = bench
      .changes()
      .runs.flatMap(({ steps }) => steps.filter(({ problem }) => problem));
    expect(full.map(({ problem }) => problem)).toEqual([
      expect.stringContaining("1000 runs wait here already"),
      expect.stringContaining("1000 runs wait here already"),
    ]);
  });

  test("ends a circle after a hundred times", () => {
    const bench = new Workbench(`
flows:
  again:
    nodes:
      door: { type: topic, topic: door }
      wait: { type: delay, for: 1s }
      over: { type: debug }
    wires: [door -> wait, wait -> wait, wait -> wait, wait.error -> over]
`);
    bench.message("door", 1, 0);
    bench.advance(30 * MINUTE_MS);
    const { stops, runs } = bench.changes();
    expect(stops).toEqual([]);
    expect(bench.engine.nextWakeMs).toBeNull();
    const problems = runs.flatMap(({ steps }) => steps.map(({ problem }) => problem ?? ""));
    expect(problems.some((problem) => problem.includes("waited here 100 times"))).toBe(true);
  });

  test("lets no data wait that is too long to be kept", () => {
    const bench = new Workbench(`
flows:
  later:
    nodes:
      big: { type: topic, topic: big }
      wait: { type: delay, for: 5m }
      calm: { type: debounce, for: 5m }
    wires: [big -> wait, big -> calm]
`);
    bench.message("big", "a".repeat(100_000), 0);
    const problems = bench
      .changes()
      .runs.flatMap(({ steps }) => steps.map(({ problem }) => problem));
    expect(problems).toEqual([
      null,
      expect.stringContaining("at most 16384 can wait"),
      expect.stringContaining("at most 16384 can wait"),
    ]);
  });
});
