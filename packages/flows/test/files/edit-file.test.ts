import { describe, expect, test } from "@jest/globals";
import { checkText, editWorkflows } from "@weir/flows";
import type { FlowModel } from "@weir/flows/contract";
import { dedent } from "../dedent.ts";

const FREEZER = dedent(`
  # Cold things.
  tables:
    rooms:   [ {id: 1} ]   # by hand


  flows:
    freezer-warm:
      late:  2h
      nodes:
        warm:  { type: threshold, series: "freezer#temperature", above: -15, for: 10m }  # limits
        # what it says
        show:  {type: debug}
        slow:
          type: threshold
          # in degrees
          above: 5.0   # five
      wires:
        - warm.yes -> show   # hot
        - warm.no   -> show
    second: {nodes: {a: {type: debug}}, wires: []}
`);

const modelsOf = (text: string): FlowModel[] => checkText(text, "test").flows;

/** The text after its workflows were changed. */
function edited(text: string, change: (flows: FlowModel[]) => void): string {
  const flows = modelsOf(text);
  change(flows);
  const after = editWorkflows(text, flows);
  // What is written is what was wanted, whatever it looks like.
  expect(modelsOf(after)).toEqual(flows);
  return after;
}

function debugNode(name: string): FlowModel["nodes"][number] {
  return { name, type: "debug", config: {}, inputs: ["in"], outputs: ["out", "error"] };
}

function flowOf(flows: FlowModel[], name: string): FlowModel {
  const flow = flows.find((one) => one.name === name);
  if (flow === undefined) throw new Error(`there is no ${name}`);
  return flow;
}

describe("writing workflows into a text", () => {
  test("leaves a text as it is when nothing has changed", () => {
    expect(edited(FREEZER, () => {})).toBe(FREEZER);
  });

  test("changes one value, and nothing else", () => {
    const after = edited(FREEZER, (flows) => {
      const slow = flowOf(flows, "freezer-warm").nodes[2];
      if (slow !== undefined) slow.config.above = 7;
    });
    expect(after).toBe(FREEZER.replace("above: 5.0   # five", "above: 7 # five"));
  });

  test("adds a node and a wire behind the others", () => {
    const after = edited(FREEZER, (flows) => {
      const { nodes, wires } = flowOf(flows, "freezer-warm");
      nodes.push(debugNode("more"));
      wires.push({ from: { node: "show", output: "out" }, to: { node: "more", input: "in" } });
      wires.push({ from: { node: "warm", output: "error" }, to: { node: "more", input: "in" } });
    });
    expect(after).toBe(
      FREEZER.replace("# five\n", "# five\n      more: { type: debug }\n").replace(
        "-> show\n  second",
        "-> show\n      - show -> more\n      - warm.error -> more\n  second",
      ),
    );
  });

  test("removes a node with its comment, and its wires", () => {
    const after = edited(FREEZER, (flows) => {
      const flow = flowOf(flows, "freezer-warm");
      flow.nodes.splice(1, 1);
      flow.wires = [];
    });
    expect(after).not.toContain("show");
    expect(after).not.toContain("what it says");
    expect(after).not.toContain("->");
    expect(after).toContain("rooms:   [ {id: 1} ]   # by hand\n\n\nflows:");
    expect(after).toContain("warm:  { type: threshold");
  });

  test("switches off, names, and switches on again", () => {
    const off = edited(FREEZER, (flows) => {
      Object.assign(flowOf(flows, "freezer-warm"), { title: "Cold: 1", isEnabled: false });
    });
    const lines = 'freezer-warm:\n    title: "Cold: 1"\n    enabled: false\n    late:  2h';
    expect(off).toBe(FREEZER.replace("freezer-warm:\n    late:  2h", lines));
    const on = edited(off, (flows) => {
      Object.assign(flowOf(flows, "freezer-warm"), { title: "", isEnabled: true });
    });
    expect(on).toBe(off.replace('    title: "Cold: 1"\n', "").replace("false", "true"));
  });

  test("renames a node and a workflow where they stand", () => {
    const node = edited(FREEZER, (flows) => {
      const { nodes, wires } = flowOf(flows, "freezer-warm");
      if (nodes[1] !== undefined) nodes[1].name = "shown";
      for (const { to } of wires) to.node = "shown";
    });
    expect(node).toContain("# what it says\n      shown: { type: debug }\n      slow:");
    expect(node).toContain("wires:\n      - warm.yes -> shown # hot\n      - warm.no -> shown\n");
    const flow = edited(FREEZER, (flows) => {
      flowOf(flows, "freezer-warm").name = "cold";
    });
    expect(flow).toBe(FREEZER.replace("freezer-warm:", "cold:"));
  });

  test("adds and removes whole workflows", () => {
    const one: FlowModel = {
      name: "third",
      title: "",
      isEnabled: true,
      nodes: [debugNode("b")],
      wires: [],
    };
    const more = edited(FREEZER, (flows) => flows.push(one));
    expect(more).toBe(`${FREEZER}  third:\n    nodes:\n      b: { type: debug }\n`);
    expect(edited(more, (flows) => flows.pop())).toBe(FREEZER);
    expect(modelsOf(edited(FREEZER, (flows) => flows.splice(0)))).toEqual([]);
  });

  test("begins an empty file with the schema for editors", () => {
    const text = edited("", (flows) => flows.push(...modelsOf(FREEZER)));
    expect(text).toMatch(/^# yaml-language-server: \$schema=\S+\n/);
    expect(text).toContain("    - warm.yes -> show\n");
  });

  test("indents as the text does", () => {
    const text = dedent(`
      flows:
          a:
              nodes:
                  x: { type: debug }
              wires:
              - x -> x
    `);
    const after = edited(text, (flows) => {
      const { nodes, wires } = flowOf(flows, "a");
      nodes.push({ ...debugNode("y"), config: { note: "a\nb\n" } });
      wires.push({ from: { node: "x", output: "out" }, to: { node: "y", input: "in" } });
    });
    expect(after).toContain("\n            x: { type: debug }\n            y:\n");
    expect(after).toContain("\n        - x -> x\n        - x -> y\n");
  });

  test("keeps what no workflow can be: a type that is unknown, wrong values", () => {
    const text = dedent(`
      flows:
        a:
          nodes:
            x: { type: treshold, above: [1, "2"] }   # wrong
            y: { type: debug }
          wires: [x -> y, y.none -> y.any]
    `);
    expect(edited(text, () => {})).toBe(text);
    expect(
      edited(text, (flows) => {
        flowOf(flows, "a").isEnabled = false;
      }),
    ).toBe(text.replace("a:\n", "a:\n    enabled: false\n"));
  });
});
