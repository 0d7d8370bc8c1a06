import { expect, test } from "@jest/globals";
import { checkText, editWorkflows } from "@weir/flows";
import type { FlowModel } from "@weir/flows/contract";
import fc from "fast-check";
import { dedent } from "../dedent.ts";

const TEXTS = [
  "",
  "flows: {one: {nodes: {a: {type: debug}}, wires: [a -> a]}}\n",
  dedent(`
    # first
    tables: { t: [ { a: 1 } ] }

    flows:
        one:   # a comment
            title:  'One'
            nodes:
                a: {type: template, text: "x"}   # of a

                # of b
                b:
                    type: debug
                    note: |
                        several
                          lines
            wires:
            - a -> b  # back
            - b   ->   a
        two: {}
    # last
  `),
];

const name = fc.constantFrom("a", "b", "c", "d");
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "",
    "yes",
    "1",
    "null",
    "a: b",
    "# no",
    "x\ny\n",
    " x ",
    "- a",
    "{{value}}",
    "'\"",
  ),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("k", "l m", "1"), text, { maxKeys: 3, noNullPrototype: true }),
);
const node = fc.record({
  name,
  type: fc.constantFrom("debug", "template", "unknown"),
  config: fc.dictionary(fc.constantFrom("text", "note", "for", "x y"), value, {
    maxKeys: 3,
    noNullPrototype: true,
  }),
});
const flow = fc.record({
  name: fc.constantFrom("one", "two", "three"),
  title: text,
  isEnabled: fc.boolean(),
  nodes: fc.uniqueArray(node, { selector: (one) => one.name, maxLength: 4 }),
  wires: fc.array(fc.tuple(name, fc.constantFrom("out", "error"), name), { maxLength: 4 }),
});

type FlowDrawn = typeof flow extends fc.Arbitrary<infer F> ? F : never;

/** A workflow, as the canvas has it. */
function modelOf({ wires, nodes, ...rest }: FlowDrawn): FlowModel {
  const isThere = (wanted: string) => nodes.some((one) => one.name === wanted);
  const unique = new Map(wires.map((wire) => [wire.join(), wire]));
  return {
    ...rest,
    nodes: nodes.map((one) => ({ ...one, inputs: ["in"], outputs: ["out", "error"] })),
    wires: [...unique.values()]
      .filter(([from, , to]) => isThere(from) && isThere(to))
      .map(([from, output, to]) => ({
        from: { node: from, output },
        to: { node: to, input: "in" },
      })),
  };
}

/** What was wanted, whatever the order. Which inputs and outputs there are depends on the type. */
function contentOf(flows: readonly FlowModel[]) {
  const byName = (one: { name: string }, other: { name: string }) =>
    one.name < other.name ? -1 : 1;
  return flows
    .map(({ nodes, wires, ...rest }) => ({
      ...rest,
      nodes: nodes.map(({ name: of, type, config }) => ({ name: of, type, config })).sort(byName),
      wires: wires.map((wire) => JSON.stringify(wire)).sort(),
    }))
    .sort(byName);
}

test("a text holds the workflows that were written into it, whatever stood in it before", () => {
  const flows = fc.uniqueArray(flow, { selector: (one) => one.name, maxLength: 3 });
  fc.assert(
    fc.property(
      fc.constantFrom(...TEXTS),
      fc.array(flows, { minLength: 1, maxLength: 3 }),
      (before, all) => {
        let now = before;
        for (const some of all) {
          const wanted = some.map(modelOf);
          now = editWorkflows(now, wanted);
          expect(contentOf(checkText(now, "test").flows)).toEqual(contentOf(wanted));
          expect(editWorkflows(now, checkText(now, "test").flows)).toBe(now);
          if (before.includes("tables")) expect(now).toContain("tables: { t: [ { a: 1 } ] }");
        }
      },
    ),
    { numRuns: 150 },
  );
});
