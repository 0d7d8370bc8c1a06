import type { FlowModel } from "@weir/flows/contract";
import type { Drawing } from "../../pages/canvas/model.ts";

/** A workflow with nodes of any type, and wires written as in a file. */
export function drawnFlow(name: string, nodes: readonly string[], wires: readonly string[] = []) {
  const flow: FlowModel = {
    name,
    title: "",
    isEnabled: true,
    nodes: nodes.map((node) => ({
      name: node,
      type: "any",
      config: {},
      inputs: ["in"],
      outputs: ["yes", "no", "error"],
    })),
    wires: wires.map((wire) => {
      const [from = "", output = "", to = "", input = ""] = wire.split(/\.| -> /);
      return { from: { node: from, output }, to: { node: to, input } };
    }),
  };
  return flow;
}

/** The wires of each workflow, as a file has them. */
export function wiresOf({ flows }: Drawing): string[] {
  return flows.flatMap(({ wires }) =>
    wires.map(({ from, to }) => `${from.node}.${from.output} -> ${to.node}.${to.input}`),
  );
}
