import { describe, expect, test } from "@jest/globals";
import { arranged, withPlaces } from "../../pages/canvas/arrange.ts";
import { boxSize, framesOf, nearestFrame } from "../../pages/canvas/boxes.ts";
import {
  duplicated,
  freeName,
  moved,
  nameProblem,
  withFlow,
  withFlowRenamed,
  withNode,
  withNodeRenamed,
  without,
  withoutFlow,
  withWire,
} from "../../pages/canvas/model.ts";
import { drawnFlow, wiresOf } from "./drawn-flow.ts";

const FREEZER = {
  flows: [
    drawnFlow(
      "freezer",
      ["warm", "alert", "mail"],
      ["warm.yes -> alert.in", "alert.yes -> mail.in"],
    ),
    drawnFlow("attic", ["warm", "mail"], ["warm.yes -> mail.in"]),
  ],
  layout: {
    freezer: { warm: { x: 0, y: 0 }, alert: { x: 300, y: 0 }, mail: { x: 600, y: 0 } },
    attic: { warm: { x: 0, y: 400 }, mail: { x: 300, y: 400 } },
  },
};

describe("drawing a workflow", () => {
  test("a new node has a name that is free, and each output of its type beside error", () => {
    const type = { type: "warm", inputs: ["in"], outputs: ["yes", "no"] };
    const { drawing, node } = withNode(FREEZER, "freezer", type, { x: 10.4, y: 20.6 });
    expect(node).toBe("warm-2");
    const added = drawing.flows[0]?.nodes.at(-1);
    expect(added).toEqual({
      name: "warm-2",
      type: "warm",
      config: {},
      inputs: ["in"],
      outputs: ["yes", "no", "error"],
    });
    expect(drawing.layout.freezer?.["warm-2"]).toEqual({ x: 10, y: 21 });
    expect(drawing.flows[1]).toBe(FREEZER.flows[1]);
  });

  test("a node keeps wires and place when it gets another name, and others keep theirs", () => {
    const drawing = withNodeRenamed(FREEZER, { flow: "freezer", node: "alert" }, "shout");
    expect(wiresOf(drawing)).toEqual([
      "warm.yes -> shout.in",
      "shout.yes -> mail.in",
      "warm.yes -> mail.in",
    ]);
    expect(drawing.layout.freezer).toEqual({
      warm: { x: 0, y: 0 },
      mail: { x: 600, y: 0 },
      shout: { x: 300, y: 0 },
    });
  });

  test("what names a node names it by its new name", () => {
    const flow = drawnFlow("freezer", ["alert", "mail", "check", "choose", "bell"]);
    const [alert, mail, check, choose, bell] = flow.nodes;
    const given = {
      subject: "{{alert.title}} {{ alert }} {{alerts.x}}",
      texts: [{ a: "{{#alert.x}}" }],
    };
    Object.assign(mail ?? {}, { type: "email", config: given });
    const expression = `alert.title == "alert.title" && data["alert"].x > my.alert.y && alert > 1`;
    Object.assign(check ?? {}, { type: "expression", config: { expression } });
    Object.assign(choose ?? {}, { type: "switch", config: { cases: { bad: "alert.x > 1" } } });
    Object.assign(bell ?? {}, { type: "press", config: { button: "alert" } });
    const drawing = { flows: [flow, drawnFlow("attic", ["alert"])], layout: {} };
    const configsAs = (name: string) => {
      const { flows } = withNodeRenamed(drawing, { flow: "freezer", node: "alert" }, name);
      return flows[0]?.nodes.map(({ config }) => config);
    };
    expect(configsAs("shout")).toEqual([
      alert?.config,
      { subject: "{{shout.title}} {{ alert }} {{alerts.x}}", texts: [{ a: "{{#shout.x}}" }] },
      { expression: `shout.title == "alert.title" && shout.x > my.alert.y && alert > 1` },
      { cases: { bad: "shout.x > 1" } },
      { button: "shout" },
    ]);
    // An expression cannot write a name with a hyphen.
    expect(configsAs("too-warm")).toContainEqual({ cases: { bad: 'data["too-warm"].x > 1' } });
    const back = withNodeRenamed(
      withNodeRenamed(drawing, { flow: "freezer", node: "alert" }, "too-warm"),
      { flow: "freezer", node: "too-warm" },
      "alert",
    );
    expect(back.flows[0]?.nodes[3]?.config).toEqual(choose?.config);
  });

  test("a node takes its wires and its place with it", () => {
    const drawing = without(FREEZER, { nodes: [{ flow: "freezer", node: "alert" }] });
    expect(wiresOf(drawing)).toEqual(["warm.yes -> mail.in"]);
    expect(Object.keys(drawing.layout.freezer ?? {})).toEqual(["warm", "mail"]);
    expect(drawing.layout.attic).toEqual(FREEZER.layout.attic);
  });

  test("the same wire is there once, and goes alone", () => {
    const wire = { from: { node: "warm", output: "yes" }, to: { node: "alert", input: "in" } };
    const again = withWire(FREEZER, { flow: "freezer", wire });
    expect(wiresOf(again)).toHaveLength(3);
    const none = without(FREEZER, { wires: [{ flow: "freezer", wire }] });
    expect(wiresOf(none)).toEqual(["alert.yes -> mail.in", "warm.yes -> mail.in"]);
  });

  test("copies have the wires between them, and none to the originals", () => {
    const nodes = [
      { flow: "freezer", node: "warm" },
      { flow: "freezer", node: "alert" },
    ];
    const { drawing, copies } = duplicated(FREEZER, nodes);
    expect(copies.map(({ node }) => node)).toEqual(["warm-2", "alert-2"]);
    expect(wiresOf(drawing)).toContain("warm-2.yes -> alert-2.in");
    expect(wiresOf(drawing)).toHaveLength(4);
    expect(drawing.layout.freezer?.["warm-2"]).toEqual({ x: 40, y: 40 });
  });

  test("a workflow comes, is renamed and goes with its layout", () => {
    const renamed = withFlowRenamed(FREEZER, "attic", "roof");
    expect(renamed.flows.map(({ name }) => name)).toEqual(["freezer", "roof"]);
    expect(renamed.layout.roof).toEqual(FREEZER.layout.attic);
    const without = withoutFlow(withFlow(renamed, "cellar"), "roof");
    expect(without.flows.map(({ name }) => name)).toEqual(["freezer", "cellar"]);
    expect(Object.keys(without.layout)).toEqual(["freezer"]);
  });

  test("moving a box changes nothing but the layout", () => {
    const drawing = moved(FREEZER, [{ flow: "attic", node: "mail", place: { x: 1, y: 2 } }]);
    expect(drawing.flows).toBe(FREEZER.flows);
    expect(drawing.layout.attic).toEqual({ warm: { x: 0, y: 400 }, mail: { x: 1, y: 2 } });
  });

  test("names are as files take them", () => {
    expect(nameProblem("freezer-2", [])).toBeNull();
    expect(nameProblem("2nd", [])).toContain("begins with a letter");
    expect(nameProblem("warm", ["warm"])).toContain("already");
    expect(freeName("warm-2", ["warm-2", "warm"])).toBe("warm-3");
  });
});

describe("places of boxes", () => {
  test("without a layout go from left to right along the wires, each workflow by itself", () => {
    const layout = withPlaces(FREEZER.flows, {});
    const { warm, alert, mail } = layout.freezer ?? {};
    expect((warm?.x ?? 0) < (alert?.x ?? 0) && (alert?.x ?? 0) < (mail?.x ?? 0)).toBe(true);
    const frames = framesOf(FREEZER.flows, layout);
    const [upper, lower] = [frames.get("freezer"), frames.get("attic")];
    expect((lower?.y ?? 0) > (upper?.y ?? 0) + (upper?.height ?? 0)).toBe(true);
  });

  test("stay where they are, and what is new stands below", () => {
    const flow = drawnFlow("attic", ["warm", "mail", "late"]);
    const layout = withPlaces([flow], { attic: FREEZER.layout.attic, gone: {} });
    expect(layout.attic).toMatchObject(FREEZER.layout.attic);
    const late = layout.attic?.late;
    expect((late?.y ?? 0) >= 400 + boxSize(flow.nodes[0] as never).height).toBe(true);
    expect(Object.keys(layout)).toEqual(["attic"]);
  });

  test("go on in a row below where one would be too long", () => {
    const names = [..."abcdef"];
    const wires = names.slice(1).map((name, place) => `${names[place]}.yes -> ${name}.in`);
    const flow = drawnFlow("long", names, wires);
    const { a, c, d, f } = arranged(flow, { x: 0, y: 0 });
    expect(d?.x).toBe(a?.x);
    expect(d?.y).toBeGreaterThan((c?.y ?? 0) + boxSize(flow.nodes[0] as never).height);
    expect(f?.y).toBe(d?.y);
  });

  test("do not overlap", () => {
    const flow = drawnFlow("many", ["a", "b", "c", "d"], ["a.yes -> b.in", "a.no -> c.in"]);
    const places = Object.values(arranged(flow, { x: 0, y: 0 }));
    const { width, height } = boxSize(flow.nodes[0] as never);
    for (const [at, one] of places.entries()) {
      for (const other of places.slice(at + 1)) {
        const isApart = Math.abs(one.x - other.x) >= width || Math.abs(one.y - other.y) >= height;
        expect(isApart).toBe(true);
      }
    }
  });

  test("in or near a frame belong to its workflow", () => {
    const frames = framesOf(FREEZER.flows, FREEZER.layout);
    expect(nearestFrame(frames, { x: 10, y: 10 })).toBe("freezer");
    expect(nearestFrame(frames, { x: 10, y: 900 })).toBe("attic");
    expect(nearestFrame(new Map(), { x: 0, y: 0 })).toBeNull();
  });
});
