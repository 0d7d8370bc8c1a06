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

  test("hands on no payload that circles have made long", () => {
    const bench = new Workbench(`
flows:
  presses:
    nodes:
      any: { type: topic, topic: a }
      push: { type: press, button: start, payload: { big: "{{payload}}", again: "{{payload}}" } }
      failed: { type: debug }
      start: { type: button }
      shown: { type: debug }
    wires: [any -> push, push.error -> failed, start -> shown]
`);
    bench.message("a", "x".repeat(20_000), 0);
    bench.message("a", "x".repeat(40_000), 1);
    expect(bench.path()).toEqual([
      ...["any:message", "push:done", "start:pressed", "shown:out"],
      ...["any:message", "push:error", "failed:out"],
    ]);
  });

  test("counts as an action, so that circles over a delay end", () => {
    const bench = new Workbench(`
flows:
  doubling:
    nodes:
      any: { type: topic, topic: a }
      start: { type: button }
      wait: { type: delay, for: 1s }
      one: { type: press, button: start }
      two: { type: press, button: start }
    wires: [any -> wait, start -> wait, wait -> one, wait -> two]
`);
    bench.message("a", 1, 0);
    bench.advance(60_000);
    expect(bench.changes().stops).toMatchObject([
      {
        flow: "doubling",
        reason: expect.stringContaining("more than 600 actions within a minute"),
      },
    ]);
  });
});
