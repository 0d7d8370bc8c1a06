import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

const FILE = `
flows:
  commands:
    nodes:
      any: { type: series, series: "+#x" }
      slower: { type: command, device: "{{unit}}{{deviceName}}", name: change_send_interval, payload: { seconds: "{{value}}" }, timeout: 5s }
      show: { type: debug }
      failed: { type: debug }
    wires: [any -> slower, slower.done -> show, slower.error -> failed]
`;

describe("command", () => {
  test("goes on with the result when the device has done it", () => {
    const bench = new Workbench(FILE);
    bench.reading("kitchen#x", 30, 0);
    expect(bench.changes().effects[0]?.effect).toEqual({
      kind: "command",
      device: "kitchen",
      name: "change_send_interval",
      payload: { seconds: 30 },
      timeoutMs: 5_000,
    });
    bench.settle({ isDone: true, result: { result: { seconds: 30 } } }, 1);
    const shown = bench
      .changes()
      .runs.flatMap(({ steps }) => steps)
      .at(-1);
    expect(shown?.values).toMatchObject({ data: { slower: { result: { seconds: 30 } } } });
  });

  test("goes on by error when the device has not", () => {
    const bench = new Workbench(FILE);
    bench.reading("kitchen#x", 30, 0);
    bench.settle({ isDone: false, problem: "no answer within 5 s", isUncertain: true }, 5_000);
    expect(bench.path().at(-1)).toBe("failed:out");
  });
});
