import type { FlowModel, Layout, NodeTypeInfo } from "@weir/flows/contract";
import { withReferences } from "./references.ts";

export type FlowNode = FlowModel["nodes"][number];
export type Wire = FlowModel["wires"][number];
export type Place = Layout[string][string];

/** What is drawn: the workflows of a file, and where their boxes are. */
export interface Drawing {
  readonly flows: readonly FlowModel[];
  readonly layout: Layout;
}

/** A node of a workflow. */
export interface NodeAt {
  flow: string;
  node: string;
}

/** A wire of a workflow. */
export interface WireAt {
  flow: string;
  wire: Wire;
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/i;
/** A copy stands so far beside its original, in pixels. */
const COPY_OFFSET = 40;

/** Why a name cannot be given; `null`: it can. @param taken the names that there are. */
export function nameProblem(name: string, taken: readonly string[]): string | null {
  if (!NAME.test(name)) {
    return "A name has letters, digits and hyphens, begins with a letter, and is at most 64 long.";
  }
  return taken.includes(name) ? `There is a ${name} already; choose another name.` : null;
}

/** The wish, or the wish with the first number that is free. */
export function freeName(wish: string, taken: readonly string[]): string {
  const base = wish.replace(/-\d+$/, "").slice(0, 58);
  if (!taken.includes(wish)) return wish;
  let count = 2;
  while (taken.includes(`${base}-${count}`)) count += 1;
  return `${base}-${count}`;
}

/** The id of a wire on the canvas. */
export function wireId(flow: string, { from, to }: Wire): string {
  return `${flow}/${from.node}.${from.output}->${to.node}.${to.input}`;
}

export function findNode({ flows }: Drawing, at: NodeAt): FlowNode | undefined {
  return flows.find(({ name }) => name === at.flow)?.nodes.find(({ name }) => name === at.node);
}

/** A workflow without nodes, at the end. */
export function withFlow(drawing: Drawing, name: string): Drawing {
  const flow: FlowModel = { name, title: "", isEnabled: true, nodes: [], wires: [] };
  return { ...drawing, flows: [...drawing.flows, flow] };
}

export function withoutFlow({ flows, layout }: Drawing, name: string): Drawing {
  const { [name]: _, ...others } = layout;
  return { flows: flows.filter((flow) => flow.name !== name), layout: others };
}

export function withFlowRenamed(drawing: Drawing, from: string, to: string): Drawing {
  const { [from]: places = {}, ...others } = drawing.layout;
  const renamed = changeFlow(drawing, from, (flow) => ({ ...flow, name: to }));
  return { flows: renamed.flows, layout: { ...others, [to]: places } };
}

/** Changes what a workflow says of itself. */
export function withFlowChanged(
  drawing: Drawing,
  name: string,
  change: { title?: string; isEnabled?: boolean },
): Drawing {
  return changeFlow(drawing, name, (flow) => ({ ...flow, ...change }));
}

/** A new node of a type, and its name. */
export function withNode(
  drawing: Drawing,
  flow: string,
  { type, inputs, outputs }: Pick<NodeTypeInfo, "type" | "inputs" | "outputs">,
  place: Place,
): { drawing: Drawing; node: string } {
  const taken = drawing.flows.find(({ name }) => name === flow)?.nodes ?? [];
  const node = freeName(
    type,
    taken.map(({ name }) => name),
  );
  const fresh = { name: node, type, config: {}, inputs, outputs: [...outputs, "error"] };
  const added = changeFlow(drawing, flow, (one) => ({ ...one, nodes: [...one.nodes, fresh] }));
  return { drawing: moved(added, [{ flow, node, place }]), node };
}

/** Wires, templates and expressions of the workflow name the node by its new name, too. */
export function withNodeRenamed(drawing: Drawing, { flow, node }: NodeAt, to: string): Drawing {
  const rename = <End extends { node: string }>(end: End): End =>
    end.node === node ? { ...end, node: to } : end;
  const renamed = changeFlow(drawing, flow, (one) => ({
    ...one,
    nodes: one.nodes
      .map((each) => (each.name === node ? { ...each, name: to } : each))
      .map((each) => withReferences(each, node, to)),
    wires: one.wires.map(({ from, to: end }) => ({ from: rename(from), to: rename(end) })),
  }));
  const { [node]: place, ...others } = drawing.layout[flow] ?? {};
  const places = place === undefined ? others : { ...others, [to]: place };
  return { flows: renamed.flows, layout: { ...drawing.layout, [flow]: places } };
}

/** @param config what the file has beside the type. */
export function withConfig(
  drawing: Drawing,
  { flow, node }: NodeAt,
  config: FlowNode["config"],
): Drawing {
  return changeFlow(drawing, flow, (one) => ({
    ...one,
    nodes: one.nodes.map((each) => (each.name === node ? { ...each, config } : each)),
  }));
}

/** Connects an output to an input; what is connected stays so. */
export function withWire(drawing: Drawing, { flow, wire }: WireAt): Drawing {
  const id = wireId(flow, wire);
  return changeFlow(drawing, flow, (one) =>
    one.wires.some((other) => wireId(flow, other) === id)
      ? one
      : { ...one, wires: [...one.wires, wire] },
  );
}

/** Takes nodes and wires away, and the wires of those nodes. */
export function without(
  drawing: Drawing,
  parts: { nodes?: readonly NodeAt[]; wires?: readonly WireAt[] },
): Drawing {
  const { nodes = [], wires = [] } = parts;
  const isGone = (flow: string, node: string): boolean =>
    nodes.some((at) => at.flow === flow && at.node === node);
  const gone = new Set(wires.map(({ flow, wire }) => wireId(flow, wire)));
  return {
    flows: drawing.flows.map((flow) => ({
      ...flow,
      nodes: flow.nodes.filter(({ name }) => !isGone(flow.name, name)),
      wires: flow.wires.filter(
        (wire) =>
          !gone.has(wireId(flow.name, wire)) &&
          !isGone(flow.name, wire.from.node) &&
          !isGone(flow.name, wire.to.node),
      ),
    })),
    layout: Object.fromEntries(
      Object.entries(drawing.layout).map(([flow, places]) => [
        flow,
        Object.fromEntries(Object.entries(places).filter(([node]) => !isGone(flow, node))),
      ]),
    ),
  };
}

/** Copies nodes with the wires between them. @returns the copies, too. */
export function duplicated(
  drawing: Drawing,
  nodes: readonly NodeAt[],
): { drawing: Drawing; copies: NodeAt[] } {
  let result = drawing;
  const copies: NodeAt[] = [];
  for (const { name, nodes: all, wires } of drawing.flows) {
    const taken = all.map((node) => node.name);
    const names = new Map<string, string>();
    for (const { node } of nodes.filter(({ flow }) => flow === name)) {
      const copy = freeName(node, taken);
      taken.push(copy);
      names.set(node, copy);
    }
    const fresh = all.flatMap((node) => {
      const copy = names.get(node.name);
      return copy === undefined ? [] : [{ ...node, name: copy }];
    });
    const between = wires.flatMap(({ from, to }) => {
      const [source, target] = [names.get(from.node), names.get(to.node)];
      if (source === undefined || target === undefined) return [];
      return [{ from: { ...from, node: source }, to: { ...to, node: target } }];
    });
    result = changeFlow(result, name, (flow) => ({
      ...flow,
      nodes: [...flow.nodes, ...fresh],
      wires: [...flow.wires, ...between],
    }));
    for (const [node, copy] of names) {
      const { x, y } = drawing.layout[name]?.[node] ?? { x: 0, y: 0 };
      const place = { x: x + COPY_OFFSET, y: y + COPY_OFFSET };
      result = moved(result, [{ flow: name, node: copy, place }]);
      copies.push({ flow: name, node: copy });
    }
  }
  return { drawing: result, copies };
}

/** Moves boxes. Nothing but the layout changes. */
export function moved(
  { flows, layout }: Drawing,
  moves: readonly (NodeAt & { place: Place })[],
): Drawing {
  const next: Layout = { ...layout };
  for (const { flow, node, place } of moves) {
    next[flow] = {
      ...next[flow],
      [node]: { x: Math.round(place.x), y: Math.round(place.y) },
    };
  }
  return { flows, layout: next };
}

function changeFlow(
  { flows, layout }: Drawing,
  name: string,
  change: (flow: FlowModel) => FlowModel,
): Drawing {
  return { flows: flows.map((flow) => (flow.name === name ? change(flow) : flow)), layout };
}
