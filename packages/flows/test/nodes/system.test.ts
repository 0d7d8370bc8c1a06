import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import type { HeardSystem } from "../../src/node/node.ts";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

const flow = (config: string) => `
flows:
  weir:
    nodes:
      weir: { type: system, ${config} }
      show: { type: debug }
    wires: [weir.problem -> show, weir.over -> show]
`;

const hear = (bench: Workbench, heard: HeardSystem, minute: number) =>
  bench.engine.take(heard, START_MS + minute * MINUTE_MS);
const disk = (usedPercent: number): HeardSystem => ({
  ...{ kind: "system", about: "disk", usedPercent, freeBytes: 1e9 },
});
const broker = (isAway: boolean): HeardSystem => ({
  ...{ kind: "system", about: "broker", isAway, reason: isAway ? "refused" : null },
});
const outputs = (bench: Workbench) =>
  bench
    .changes()
    .runs.map(({ startedMs, steps }) => [
      (startedMs - START_MS) / MINUTE_MS,
      ...(steps[0]?.outputs ?? []),
    ]);

describe("system", () => {
  test("a disk above its limit is one problem until it is clearly below", () => {
    const bench = new Workbench(flow("about: disk, above: 80"));
    for (const [minute, used] of [80, 80.1, 81, 79.9, 80.1, 78.9, 78].entries()) {
      hear(bench, disk(used), minute);
    }
    expect(outputs(bench)).toEqual([
      [1, "problem"],
      [5, "over"],
    ]);
  });

  test("missing messages are a problem from the first one on", () => {
    const bench = new Workbench(flow("about: audit"));
    hear(bench, { kind: "system", about: "audit", missing: 0 }, 0);
    hear(bench, { kind: "system", about: "audit", missing: 3 }, 5);
    expect(bench.changes().runs[0]?.data).toMatchObject({ key: "audit", missing: 3 });
  });

  test("a broker that is away is a problem when that lasts, on time and over a restart", () => {
    const bench = new Workbench(flow("about: broker, for: 5m"));
    hear(bench, broker(true), 0);
    hear(bench, broker(true), 1);
    const after = bench.restarted();
    hear(after, broker(true), 3);
    after.advance(5 * MINUTE_MS - 1);
    expect(outputs(after)).toEqual([]);
    after.advance(8 * MINUTE_MS);
    hear(after, broker(true), 9);
    hear(after, broker(false), 10);
    expect(outputs(after)).toEqual([
      [5, "problem"],
      [10, "over"],
    ]);
  });

  test("a short absence is none, and what it does not ask about either", () => {
    const bench = new Workbench(flow("about: broker, for: 5m"));
    hear(bench, broker(true), 0);
    hear(bench, broker(false), 4);
    hear(bench, disk(99), 4);
    bench.advance(10 * MINUTE_MS);
    expect(outputs(bench)).toEqual([]);
  });

  test("says what it asks for, so that nothing else is looked at", () => {
    const { dispatch } = new Workbench(flow("about: disk")).engine;
    expect([dispatch.asksFor("disk"), dispatch.asksFor("audit")]).toEqual([true, false]);
  });

  test.each([
    ["about: broker, above: 3", "leave it out"],
    ["about: disk, above: 100", "give less"],
  ])("refuses %s", (config, words) => {
    expect(parseWorkflowFile(flow(config), "weir").problems.join()).toContain(words);
  });
});
