import {
  Background,
  type Connection,
  ControlButton,
  Controls,
  type EdgeChange,
  type NodeChange,
  Panel,
  ReactFlow,
} from "@xyflow/react";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../parts/Icon.tsx";
import { framesOf } from "./boxes.ts";
import { type Box, edgesOf, type Frame, nodesOf } from "./canvas-parts.ts";
import { FlowFrame } from "./FlowFrame.tsx";
import { moved, type NodeAt, type Place, without, withWire } from "./model.ts";
import { NodeBox } from "./NodeBox.tsx";
import { DRAGGED_TYPE } from "./Palette.tsx";
import type { PlacedProblem } from "./problems.ts";
import { NOTHING, nodeAt, nodeId, type Selection, selectedOf } from "./selection.ts";
import type { Editor } from "./use-editing.ts";
import type { Ways } from "./use-ways.ts";
import { type Flow, showAll } from "./view.ts";

const NODE_TYPES = { box: NodeBox, frame: FlowFrame };
const SNAP: [number, number] = [10, 10];
type Moves = ReadonlyMap<string, Place>;

interface FlowCanvasProps {
  editor: Editor;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  problems: readonly PlacedProblem[];
  ways: Ways;
  summaryOf: (type: string) => string;
  press: ((at: NodeAt) => void) | null;
  /** A type of the palette was dropped here. */
  onDrop: (type: string, place: Place) => void;
  /** A box or a frame was chosen: it is to stay on the screen. */
  onShow: (id: string) => void;
  onReady: (flow: Flow) => void;
}

/** The workflows of a file as boxes and wires. */
export function FlowCanvas(props: FlowCanvasProps) {
  const { editor, selection, onSelect, onDrop, onShow, onReady } = props;
  const { draft } = editor;
  const isReadOnly = editor.readOnly !== null || draft.isUnreadable;
  // Where boxes are while they are dragged: no change of the file yet.
  const [dragged, setDragged] = useState<Moves>(new Map());
  const flow = useRef<Flow | null>(null);
  // A box that is gone is not selected any more.
  const current = useRef(selection);
  current.current = selection;
  const host = useRef<HTMLElement>(null);
  const before = useRef(selection);
  // Who has deleted or closed something by the keyboard goes on here.
  useEffect(() => {
    const isOver = before.current.size > 0 && selection.size === 0;
    before.current = selection;
    if (isOver && document.activeElement === document.body) host.current?.focus();
  }, [selection]);

  const drawing = { flows: draft.flows, layout: moved(draft, movesOf(dragged)).layout };
  const around = { ...props, isReadOnly };
  const nodes = nodesOf(drawing, around);
  const edges = edgesOf(drawing, around);

  const select = (id: string, isSelected: boolean): void => {
    const next = new Set(current.current);
    if (isSelected) next.add(id);
    else next.delete(id);
    current.current = next;
    onSelect(next);
  };
  const onNodesChange = (changes: NodeChange<Box | Frame>[]): void => {
    const next = new Map(dragged);
    let isOver = false;
    for (const change of changes) {
      if (change.type === "select") select(change.id, change.selected);
      if (change.type !== "position") continue;
      isOver ||= change.dragging === false;
      if (change.position === undefined) continue;
      const at = nodeAt(change.id);
      if (at !== null) next.set(change.id, change.position);
      else moveFrame(change.id, change.position, next);
    }
    if (next.size === 0) return;
    if (isOver) {
      editor.draw((now) => moved(now, movesOf(next)));
      setDragged(new Map());
    } else {
      setDragged(next);
    }
  };
  /** A frame takes its boxes with it. */
  const moveFrame = (name: string, to: Place, moves: Map<string, Place>): void => {
    const from = framesOf(drawing.flows, drawing.layout).get(name);
    const nodesOfFlow = drawing.flows.find((one) => one.name === name)?.nodes ?? [];
    if (
      from === undefined ||
      nodesOfFlow.some(({ name: node }) => selection.has(`${name}/${node}`))
    )
      return;
    for (const { name: node } of nodesOfFlow) {
      const { x, y } = drawing.layout[name]?.[node] ?? { x: 0, y: 0 };
      moves.set(nodeId({ flow: name, node }), { x: x + to.x - from.x, y: y + to.y - from.y });
    }
  };
  const onEdgesChange = (changes: EdgeChange[]): void => {
    for (const change of changes) if (change.type === "select") select(change.id, change.selected);
  };
  const onConnect = (connection: Connection): void => {
    const [from, to] = [nodeAt(connection.source), nodeAt(connection.target)];
    const { sourceHandle: output, targetHandle: input } = connection;
    if (from === null || to === null || output === null || input === null) return;
    const wire = { from: { node: from.node, output }, to: { node: to.node, input } };
    editor.draw((now) => withWire(now, { flow: from.flow, wire }));
  };

  return (
    <section
      class="flow-canvas"
      aria-label="Canvas"
      ref={host}
      tabIndex={-1}
      onKeyUp={({ key, target }) => {
        const id = target instanceof HTMLElement ? target.dataset.id : undefined;
        if (key === "Enter" && id !== undefined) onShow(id);
      }}
      onDragOver={(event) => {
        if (isReadOnly || !event.dataTransfer?.types.includes(DRAGGED_TYPE)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      }}
      onDrop={(event) => {
        const type = event.dataTransfer?.getData(DRAGGED_TYPE);
        if (type === undefined || type === "" || flow.current === null) return;
        event.preventDefault();
        onDrop(type, flow.current.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
      }}
    >
      <ReactFlow<Box | Frame>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onConnect={onConnect}
        isValidConnection={({ source, target }) =>
          source !== target && nodeAt(source)?.flow === nodeAt(target)?.flow
        }
        onDelete={({ nodes: gone, edges: cut }) => {
          const ids = new Set([...gone, ...cut].map(({ id }) => id));
          editor.draw((now) => without(now, selectedOf(now, ids)));
          onSelect(NOTHING);
          host.current?.focus();
        }}
        onNodeClick={(_event, { id }) => onShow(id)}
        onInit={(instance) => {
          flow.current = instance;
          showAll(instance);
          onReady(instance);
        }}
        nodesDraggable={!isReadOnly}
        nodesConnectable={!isReadOnly}
        deleteKeyCode={isReadOnly ? null : ["Delete", "Backspace"]}
        snapToGrid
        snapGrid={SNAP}
        minZoom={0.2}
        maxZoom={1.6}
        zIndexMode="manual"
        panOnScroll
        proOptions={{ hideAttribution: true }}
        ariaLabelConfig={WORDS}
      >
        <Background gap={20} />
        <Controls showInteractive={false} showFitView={false}>
          <ControlButton
            title="Show all"
            aria-label="Show all"
            onClick={() => {
              if (flow.current !== null) showAll(flow.current);
            }}
          >
            <Icon name="fit" />
          </ControlButton>
        </Controls>
        {draft.flows.length > 0 || props.problems.length > 0 ? null : (
          <Panel position="top-center">
            <p class="quiet">
              The file has no workflow yet. Add a trigger from the list of nodes: a click, or a drag
              onto the canvas.
            </p>
          </Panel>
        )}
      </ReactFlow>
    </section>
  );
}

function movesOf(moves: Moves): (NodeAt & { place: Place })[] {
  return [...moves].flatMap(([id, place]) => {
    const at = nodeAt(id);
    return at === null ? [] : [{ ...at, place }];
  });
}

const WORDS = {
  "node.a11yDescription.default":
    "Enter selects it, the arrow keys move it, Delete removes it. Its wires are in the panel beside.",
  "edge.a11yDescription.default": "Enter selects the wire, Delete removes it.",
  "handle.ariaLabel": "Port",
};
