import type { Run } from "@weir/flows/contract";
import type { Wire } from "./model.ts";

/** What a run left at a node. */
export interface Mark {
  values: Readonly<Record<string, unknown>> | null;
  problem: string | null;
  /** What was done outside, newest last. */
  actions: Run["performed"];
}

/** The way of a run through its workflow. */
export interface Way {
  nodes: ReadonlyMap<string, Mark>;
  /** Whether something went along a wire. */
  has: (wire: Wire) => boolean;
}

/** Which nodes and wires a run went through, and what it left there; of a node that ran twice, the later. */
export function wayOf({ steps, performed }: Run): Way {
  const nodes = new Map<string, Mark>();
  const outputs = new Set<string>();
  for (const { node, values, problem, outputs: taken } of steps) {
    const before = nodes.get(node);
    nodes.set(node, {
      values: values ?? before?.values ?? null,
      problem: problem ?? before?.problem ?? null,
      actions: performed.filter((action) => action.node === node),
    });
    for (const output of taken) outputs.add(`${node}.${output}`);
  }
  return { nodes, has: ({ from }) => outputs.has(`${from.node}.${from.output}`) };
}
