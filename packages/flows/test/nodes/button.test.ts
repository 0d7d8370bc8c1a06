import { describe, expect, test } from "@jest/globals";
import { START_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  report:
    nodes:
      now: { type: button, label: Report now, payload: { days: 7 } }
      door: { type: topic, topic: door }
      show: { type: debug }
    wires: [now -> show]
`;

const press = (bench: Workbench, node: string, payload: unknown) =>
  bench.engine.press({ flow: "report", node, by: "ada", payload }, START_MS);

describe("button", () => {
  test("a press begins a run, with who has pressed and what it brings along", () => {
    const bench = new Workbench(FLOW).restarted();
    expect(press(bench, "now", { days: 1 })).toBe(1);
    expect(press(bench, "now", undefined)).toBe(2);
    expect(bench.changes().runs.map(({ data }) => data)).toMatchObject([
      { by: "ada", payload: { days: 1 } },
      { by: "ada", payload: { days: 7 } },
    ]);
  });

  test("nothing else can be pressed", () => {
    const bench = new Workbench(FLOW);
    expect(press(bench, "door", null)).toBeNull();
    expect(bench.begun()).toEqual([]);
  });
});
