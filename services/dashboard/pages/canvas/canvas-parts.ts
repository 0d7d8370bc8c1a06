import type { FlowState } from "@weir/flows/contract";
import { type Edge, MarkerType, type Node, type NodeHandle, Position } from "@xyflow/react";
import { BOX_WIDTH, boxSize, ERROR_LEFT, framesOf, PORT_SIZE, portTop } from "./boxes.ts";
import { type Drawing, type FlowNode, type NodeAt, type Wire, wireId } from "./model.ts";
import type { PlacedProblem } from "./problems.ts";
import { nodeId, type Selection } from "./selection.ts";
import type { Mark } from "./trace.ts";
import type { ShownRun, Ways } from "./use-ways.ts";

/** A box: a node of a workflow. */
export type Box = Node<
  {
    at: NodeAt;
    node: FlowNode;
    summary: string;
    problems: readonly PlacedProblem[];
    mark: Mark | null;
    press: (() => void) | null;
  },
  "box"
>;

/** The frame around a workflow. */
export type Frame = Node<
  {
    name: string;
    title: string;
    isEnabled: boolean;
    hasProblem: boolean;
    state: FlowState | null;
    shown: ShownRun | null;
  },
  "frame"
>;

interface Surroundings {
  selection: Selection;
  problems: readonly PlacedProblem[];
  ways: Pick<Ways, "states" | "shown">;
  summaryOf: (type: string) => string;
  /** Presses a button; `null`: nobody may. */
  press: ((at: NodeAt) => void) | null;
  isReadOnly: boolean;
}

/** The types of React do not have the attribute as SVG writes it. */
const FOCUSABLE = { tabindex: 0 } as NonNullable<Edge["domAttributes"]>;
/** So near to a wire a finger takes it, in pixels. */
const WIRE_WIDTH = 28;
/** Where a frame is taken to move it. */
export const FRAME_HANDLE = "frame-handle";

/** The boxes and frames of a drawing. */
export function nodesOf(drawing: Drawing, around: Surroundings): (Box | Frame)[] {
  const { selection, problems, ways, summaryOf, press, isReadOnly } = around;
  const frames = framesOf(drawing.flows, drawing.layout);
  return drawing.flows.flatMap((flow) => {
    const { x, y, width, height } = frames.get(flow.name) ?? { x: 0, y: 0, width: 0, height: 0 };
    const shown = ways.shown.get(flow.name) ?? null;
    const frame: Frame = {
      id: flow.name,
      type: "frame",
      position: { x, y },
      width,
      height,
      measured: { width, height },
      selected: selection.has(flow.name),
      deletable: false,
      connectable: false,
      draggable: !isReadOnly && flow.nodes.length > 0,
      dragHandle: `.${FRAME_HANDLE}`,
      zIndex: -1,
      ariaLabel: `Workflow ${flow.name}`,
      data: {
        name: flow.name,
        title: flow.title,
        isEnabled: flow.isEnabled,
        hasProblem: problems.some((one) => one.flow === flow.name && !one.isNote),
        state: ways.states.get(flow.name) ?? null,
        shown,
      },
    };
    const boxes = flow.nodes.map((node): Box => {
      const at = { flow: flow.name, node: node.name };
      const size = boxSize(node);
      return {
        id: nodeId(at),
        type: "box",
        position: drawing.layout[flow.name]?.[node.name] ?? { x, y },
        ...size,
        measured: size,
        handles: handlesOf(node),
        selected: selection.has(nodeId(at)),
        draggable: !isReadOnly,
        ariaLabel: `${node.name}, ${node.type}`,
        data: {
          at,
          node,
          summary: summaryOf(node.type),
          problems: problems.filter((one) => one.flow === at.flow && one.node === at.node),
          mark: shown?.way.nodes.get(node.name) ?? null,
          press: press === null || node.type !== "button" ? null : () => press(at),
        },
      };
    });
    return [frame, ...boxes];
  });
}

/** The wires of a drawing. */
export function edgesOf(
  { flows }: Drawing,
  { selection, ways }: Pick<Surroundings, "selection" | "ways">,
): Edge[] {
  return flows.flatMap(({ name: flow, wires, nodes }) => {
    const names = new Set(nodes.map(({ name }) => name));
    const way = ways.shown.get(flow)?.way;
    return wires
      .filter(({ from, to }) => names.has(from.node) && names.has(to.node))
      .map((wire): Edge => {
        const { from, to } = wire;
        const isLit = way?.has(wire) ?? false;
        const id = wireId(flow, wire);
        return {
          id,
          source: nodeId({ flow, node: from.node }),
          sourceHandle: from.output,
          target: nodeId({ flow, node: to.node }),
          targetHandle: to.input,
          selected: selection.has(id),
          interactionWidth: WIRE_WIDTH,
          // Preact leaves SVG's attributes as they are written; the library writes tabIndex.
          domAttributes: FOCUSABLE,
          className: [isLit ? "lit" : "", from.output === "error" ? "error" : ""].join(" "),
          markerEnd: { type: MarkerType.ArrowClosed, color: "context-stroke" },
          ariaLabel: `Wire ${wireWords(wire)}${isLit ? ", taken by the run" : ""}`,
        };
      });
  });
}

/** `warm.yes to alert.raise`. */
export function wireWords({ from, to }: Wire): string {
  return `${from.node}.${from.output} to ${to.node}.${to.input}`;
}

/** Where the wires begin and end; error is apart from the other outputs. */
function handlesOf(node: FlowNode): NodeHandle[] {
  const { inputs, outputs } = node;
  const { height } = boxSize(node);
  const size = { width: PORT_SIZE, height: PORT_SIZE };
  const half = PORT_SIZE / 2;
  return [
    ...inputs.map((id, index): NodeHandle => {
      const [x, y] = [-half, portTop(index) - half];
      return { id, type: "target", position: Position.Left, x, y, ...size };
    }),
    ...outputs.map((id, index): NodeHandle => {
      if (id === "error") {
        const [x, y] = [ERROR_LEFT - half, height - half];
        return { id, type: "source", position: Position.Bottom, x, y, ...size };
      }
      const [x, y] = [BOX_WIDTH - half, portTop(index) - half];
      return { id, type: "source", position: Position.Right, x, y, ...size };
    }),
  ];
}
