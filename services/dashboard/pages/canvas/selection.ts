import type { FlowModel } from "@weir/flows/contract";
import type { Drawing, NodeAt, WireAt } from "./model.ts";
import { wireId } from "./model.ts";

/** The ids of what is selected on the canvas: of nodes, of wires, of workflows. */
export type Selection = ReadonlySet<string>;

export const NOTHING: Selection = new Set();

/** The id of a node's box. A workflow's own id is its name; names have no slash. */
export function nodeId({ flow, node }: NodeAt): string {
  return `${flow}/${node}`;
}

export function nodeAt(id: string): NodeAt | null {
  const [flow, node] = id.split("/");
  return flow === undefined || node === undefined ? null : { flow, node };
}

/** What is selected and still there. */
export interface Selected {
  flows: FlowModel[];
  nodes: NodeAt[];
  wires: WireAt[];
}

export function selectedOf({ flows }: Drawing, selection: Selection): Selected {
  return {
    flows: flows.filter(({ name }) => selection.has(name)),
    nodes: flows.flatMap(({ name: flow, nodes }) =>
      nodes.map(({ name: node }) => ({ flow, node })).filter((at) => selection.has(nodeId(at))),
    ),
    wires: flows.flatMap(({ name: flow, wires }) =>
      wires.map((wire) => ({ flow, wire })).filter((at) => selection.has(wireId(flow, at.wire))),
    ),
  };
}

/** The workflow that a new node goes into: that of what is selected, else the first. */
export function flowFor(drawing: Drawing, selection: Selection): string | null {
  const { flows, nodes, wires } = selectedOf(drawing, selection);
  return flows[0]?.name ?? nodes[0]?.flow ?? wires[0]?.flow ?? drawing.flows[0]?.name ?? null;
}
