import type { CheckedText, FlowModel } from "../contract/files.ts";
import { portsOfNode, usualInput, usualOutput } from "./node-ports.ts";
import { notesOf } from "./notes.ts";
import type { StoredSeries } from "./stored-series.ts";
import { parseWire } from "./wire.ts";
import { parseWorkflowFile } from "./workflow-file.ts";

type NodeModel = FlowModel["nodes"][number];
type WireModel = FlowModel["wires"][number];

/**
 * Reads a text for the canvas: also workflows that are not valid, as far as they can be read.
 *
 * @param file its name without `.yaml`.
 * @param stored `null`: nothing is known of the series.
 */
export function checkText(
  text: string,
  file: string,
  stored: StoredSeries | null = null,
): CheckedText {
  const { flows, invalid, problems, content } = parseWorkflowFile(text, file);
  const notes = notesOf(flows, stored);
  return { text, flows: modelsOf(content), invalid, problems: [...problems], notes };
}

function modelsOf(content: unknown): FlowModel[] {
  return entriesOf(partOf(content, "flows")).map(([name, flow]) => {
    const title = partOf(flow, "title");
    const nodes = entriesOf(partOf(flow, "nodes")).map(nodeModel);
    return {
      name,
      title: typeof title === "string" ? title : "",
      isEnabled: partOf(flow, "enabled") !== false,
      nodes,
      wires: wiresOf(partOf(flow, "wires"), nodes),
    };
  });
}

function nodeModel([name, given]: [string, unknown]): NodeModel {
  const { type: named, ...config } = Object.fromEntries(entriesOf(given));
  const type = typeof named === "string" ? named : "";
  const { inputs, outputs } = portsOfNode({ type, config });
  return { name, type, config, inputs: [...inputs], outputs: [...outputs, "error"] };
}

/** The wires between nodes that there are. An end that its node does not have is added to it, so that it can be shown. */
function wiresOf(given: unknown, nodes: readonly NodeModel[]): WireModel[] {
  const byName = new Map(nodes.map((node) => [node.name, { node, ports: portsOfNode(node) }]));
  const wires: WireModel[] = [];
  for (const text of Array.isArray(given) ? given : []) {
    const wire = typeof text === "string" ? parseWire(text) : null;
    const from = wire && byName.get(wire.from.node);
    const to = wire && byName.get(wire.to.node);
    if (!from || !to) continue;
    const output = wire.from.port ?? usualOutput(from.ports);
    const input = wire.to.port ?? usualInput(to.ports);
    const { outputs } = from.node;
    const { inputs } = to.node;
    if (!outputs.includes(output)) outputs.splice(-1, 0, output);
    if (!inputs.includes(input)) inputs.push(input);
    wires.push({ from: { node: from.node.name, output }, to: { node: to.node.name, input } });
  }
  return wires;
}

function partOf(content: unknown, key: string): unknown {
  return Object.fromEntries(entriesOf(content))[key];
}

function entriesOf(content: unknown): [string, unknown][] {
  const isMap = typeof content === "object" && content !== null && !Array.isArray(content);
  return isMap ? Object.entries(content) : [];
}
