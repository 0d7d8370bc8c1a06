import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

describe("press", () => {
  test("goes on by error where there is no such button", () => {
    const bench = new Workbench(`
flows:
  presses:
    nodes:
      any: { type: series, series: "a#x" }
      push: { type: press, flow: other, button: start }
      failed: { type: debug }
    wires: [any -> push, push.error -> failed]
`);
    bench.reading("a#x", 1, 0);
    expect(bench.path()).toEqual(["any:reading", "push:error", "failed:out"]);
  });
});
