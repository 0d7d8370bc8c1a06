import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

const flow = (join: string) => `
flows:
  both:
    nodes:
      warm: { type: threshold, series: "+/t#x", above: 5 }
      open: { type: threshold, series: "+/door#x", above: 0 }
      join: ${join}
      yes: { type: debug }
      no: { type: debug }
    wires:
      - warm.yes -> join.a
      - warm.no -> join.not-a
      - open.yes -> join.b
      - open.no -> join.not-b
      - join.yes -> yes
      - join.no -> no
`;

/** Which debug nodes were reached, with the key of the data. */
function reached(bench: Workbench): string[] {
  return ["yes", "no"].flatMap((node) => bench.dataAt(node).map(({ key }) => `${node} ${key}`));
}

describe("all", () => {
  test("says yes when the last input holds, and no when one does not any more", () => {
    const bench = new Workbench(flow("{ type: all }"));
    bench.reading("a/t#x", 6, 0);
    expect(reached(bench)).toEqual([]);
    bench.reading("a/door#x", 1, 1);
    bench.reading("a/t#x", 7, 2);
    expect(reached(bench)).toEqual(["yes "]);
    bench.reading("a/door#x", 0, 3);
    bench.reading("a/t#x", 1, 4);
    expect(reached(bench)).toEqual(["yes ", "no "]);
  });

  test("remembers over a restart what the inputs have said", () => {
    let bench = new Workbench(flow("{ type: all }"));
    bench.reading("a/t#x", 6, 0);
    bench = bench.restarted();
    bench.reading("a/door#x", 1, 1);
    expect(reached(bench)).toEqual(["yes "]);
  });

  test("keeps what is named in by apart", () => {
    const bench = new Workbench(flow('{ type: all, by: "{{series}}" }'));
    bench.reading("a/t#x", 6, 0);
    bench.reading("a/door#x", 1, 1);
    expect(reached(bench)).toEqual([]);
  });

  test("an alert behind it is cleared by whichever input comes last", () => {
    const bench = new Workbench(
      flow("{ type: all }")
        .replace("yes: { type: debug }", 'yes: { type: alert, title: "both" }')
        .replace("join.yes -> yes", "join.yes -> yes.raise")
        .replace("join.no -> no", "join.no -> yes.clear"),
    );
    bench.reading("a/t#x", 6, 0);
    bench.reading("a/door#x", 1, 1);
    bench.reading("a/t#x", 1, 2);
    expect(bench.changes().alerts.map(({ state, key }) => [state, key])).toEqual([
      ["new", ""],
      ["cleared", ""],
    ]);
  });
});

describe("any", () => {
  test("says yes with the first input, and no with the last", () => {
    const bench = new Workbench(flow("{ type: any }"));
    bench.reading("a/t#x", 6, 0);
    bench.reading("a/door#x", 1, 1);
    bench.reading("a/t#x", 1, 2);
    expect(reached(bench)).toEqual(["yes "]);
    bench.reading("a/door#x", 0, 3);
    expect(reached(bench)).toEqual(["yes ", "no "]);
  });
});
