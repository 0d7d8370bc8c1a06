import { Graph, layout as place } from "@dagrejs/dagre";
import type { FlowModel, Layout } from "@weir/flows/contract";
import {
  BOX_WIDTH,
  bottomOf,
  boxSize,
  FRAME_HEAD,
  FRAME_PADDING,
  frameOf,
  MARK_HEIGHT,
} from "./boxes.ts";
import type { Place } from "./model.ts";

const BETWEEN_RANKS = 52;
const BETWEEN_BOXES = MARK_HEIGHT;
/** So much of a workflow can be read side by side; what is wider goes on below. */
const WIDTH_MAX = 1_040;

/** The layout with a place for each node: workflows without any place are arranged below the others. */
export function withPlaces(flows: readonly FlowModel[], given: Layout): Layout {
  const layout: Layout = {};
  for (const flow of flows) {
    const known = given[flow.name] ?? {};
    const kept = flow.nodes.flatMap(({ name }) => {
      const at = known[name];
      return at === undefined ? [] : [[name, at] as const];
    });
    if (kept.length > 0) layout[flow.name] = besides(flow, Object.fromEntries(kept));
  }
  for (const flow of flows.filter(({ name, nodes }) => !(name in layout) && nodes.length > 0)) {
    const frames = flows
      .filter(({ name }) => name in layout)
      .map((other) => frameOf(other, layout, { x: 0, y: 0 }));
    layout[flow.name] = arranged(flow, { x: 0, y: bottomOf(frames) });
  }
  return layout;
}

/** Nodes that have no place yet stand in a row below the others. */
function besides(flow: FlowModel, places: Readonly<Record<string, Place>>): Record<string, Place> {
  const all = { ...places };
  const bottom = Math.max(
    ...flow.nodes.map((node) => (places[node.name]?.y ?? -Infinity) + boxSize(node).height),
  );
  let x = Math.min(...Object.values(places).map((at) => at.x));
  for (const node of flow.nodes.filter(({ name }) => !(name in places))) {
    all[node.name] = { x, y: bottom + BETWEEN_BOXES };
    x += boxSize(node).width + BETWEEN_BOXES;
  }
  return all;
}

/** Places for the nodes of a workflow along its wires, from left to right, in rows. @param corner where its frame begins. */
export function arranged(flow: FlowModel, corner: Place): Record<string, Place> {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", ranksep: BETWEEN_RANKS, nodesep: BETWEEN_BOXES });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of flow.nodes) graph.setNode(node.name, boxSize(node));
  for (const [index, { from, to }] of flow.wires.entries()) {
    if (graph.hasNode(from.node) && graph.hasNode(to.node)) {
      graph.setEdge(from.node, to.node, {}, String(index));
    }
  }
  place(graph);
  const boxes = flow.nodes.map((node) => {
    const { width, height } = boxSize(node);
    // The library gives middles.
    const { x, y } = graph.node(node.name) as Place;
    return { name: node.name, x: x - width / 2, y: y - height / 2, height };
  });
  return Object.fromEntries(
    wrapped(boxes).map(({ name, x, y }) => [
      name,
      {
        x: Math.round(corner.x + FRAME_PADDING + x),
        y: Math.round(corner.y + FRAME_PADDING + FRAME_HEAD + y),
      },
    ]),
  );
}

interface ArrangedBox extends Place {
  name: string;
  height: number;
}

/** Columns that do not fit beside the others begin a row below them, in rows of about the same length. */
function wrapped(boxes: readonly ArrangedBox[]): ArrangedBox[] {
  const columns = [...new Set(boxes.map(({ x }) => x))].sort((one, other) => one - other);
  const fitting = Math.floor((WIDTH_MAX + BETWEEN_RANKS) / (BOX_WIDTH + BETWEEN_RANKS));
  const rows = Math.ceil(columns.length / fitting);
  const rowLength = Math.ceil(columns.length / rows);
  let top = 0;
  const result: ArrangedBox[] = [];
  for (let first = 0; first < columns.length; first += rowLength) {
    const row = columns.slice(first, first + rowLength);
    const own = boxes.filter(({ x }) => row.includes(x));
    const highest = Math.min(...own.map(({ y }) => y));
    const isChain = own.length === row.length;
    const moved = own.map((box) => ({
      ...box,
      x: row.indexOf(box.x) * (BOX_WIDTH + BETWEEN_RANKS),
      y: top + (isChain ? 0 : box.y - highest),
    }));
    top = Math.max(...moved.map(({ y, height }) => y + height)) + BETWEEN_BOXES;
    result.push(...moved);
  }
  return result;
}
