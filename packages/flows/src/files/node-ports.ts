import { jsonSchemaOf } from "@weir/runtime";
import type { NodeTypeInfo } from "../contract/files.ts";
import type { NodeType } from "../node/node.ts";
import { NODES } from "../nodes/index.ts";

export interface NodePorts {
  inputs: readonly string[];
  /** Without `error`, which every node has. */
  outputs: readonly string[];
}

/** The inputs and outputs of a node, as far as they are known where its configuration is wrong. */
function portsOf(type: NodeType, config: unknown): NodePorts {
  const { data = config } = type.config.safeParse(config);
  return { inputs: orNone(() => type.inputs(data)), outputs: orNone(() => type.outputs(data)) };
}

/** The same for a node as its file has it. One of a type that there is not has none. */
export function portsOfNode({ type, config }: { type: string; config: unknown }): NodePorts {
  const known = NODES.get(type);
  return known === undefined ? { inputs: [], outputs: [] } : portsOf(known, config);
}

/** The output that is meant where a wire names none. */
export function usualOutput({ outputs }: NodePorts): string {
  return outputs[0] ?? "error";
}

/** The input that is meant where a wire names none. */
export function usualInput({ inputs }: NodePorts): string {
  return inputs[0] ?? "in";
}

/** A type of node may read what its configuration lacks. */
function orNone(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** Every type of node, for forms. */
export function nodeTypeInfos(): NodeTypeInfo[] {
  return Array.from(NODES.values(), (type) => {
    const { inputs, outputs } = portsOf(type, {});
    return {
      type: type.type,
      group: type.group,
      summary: type.summary,
      inputs: [...inputs],
      outputs: [...outputs],
      schema: jsonSchemaOf(type.config),
    };
  });
}
