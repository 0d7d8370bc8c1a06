import type { FlowModel, Layout } from "@weir/flows/contract";
import type { FlowNode, Place } from "./model.ts";

/** Sizes on the canvas, in pixels at its own scale. */
export const BOX_WIDTH = 208;
export const PORT_SIZE = 12;
/** Where the output error is, from the left. */
export const ERROR_LEFT = BOX_WIDTH - 32;
/** Name, type, and two lines of what a node is set to: as high in all boxes, so that wires are straight. */
const HEAD = 84;
const ROW = 24;
const FOOT = 20;
/** Below a box is what a run left at it. */
export const MARK_HEIGHT = 48;
/** Around the boxes of a workflow; above them is its name. */
export const FRAME_PADDING = 32;
export const FRAME_HEAD = 44;
const EMPTY_FRAME = { width: 320, height: 140 };

export interface Rectangle extends Place {
  width: number;
  height: number;
}

export function boxSize({ inputs, outputs }: FlowNode): { width: number; height: number } {
  const rows = Math.max(inputs.length, outputs.length - 1, 1);
  return { width: BOX_WIDTH, height: HEAD + rows * ROW + FOOT };
}

/** Where inputs and outputs of a box are, from its top. */
export function portTop(index: number): number {
  return HEAD + index * ROW + ROW / 2;
}

/** The frame around a workflow. @param emptyAt where one without nodes is. */
export function frameOf(flow: FlowModel, layout: Layout, emptyAt: Place): Rectangle {
  const boxes = flow.nodes.flatMap((node) => {
    const place = layout[flow.name]?.[node.name];
    return place === undefined ? [] : [{ ...place, ...boxSize(node) }];
  });
  if (boxes.length === 0) return { ...emptyAt, ...EMPTY_FRAME };
  const left = Math.min(...boxes.map(({ x }) => x)) - FRAME_PADDING;
  const top = Math.min(...boxes.map(({ y }) => y)) - FRAME_PADDING - FRAME_HEAD;
  const right = Math.max(...boxes.map(({ x, width }) => x + width)) + FRAME_PADDING;
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + MARK_HEIGHT;
  return {
    x: left,
    y: top,
    width: Math.max(EMPTY_FRAME.width, right - left),
    height: bottom - top,
  };
}

/** The frames of all workflows; those without nodes stand below the others. */
export function framesOf(
  flows: readonly FlowModel[],
  layout: Layout,
): ReadonlyMap<string, Rectangle> {
  const frames = new Map<string, Rectangle>();
  for (const flow of flows.filter(({ nodes }) => nodes.length > 0)) {
    frames.set(flow.name, frameOf(flow, layout, { x: 0, y: 0 }));
  }
  for (const flow of flows.filter(({ nodes }) => nodes.length === 0)) {
    frames.set(flow.name, frameOf(flow, layout, { x: 0, y: bottomOf([...frames.values()]) }));
  }
  return frames;
}

/** Where what comes next has room below. */
export function bottomOf(frames: readonly Rectangle[]): number {
  return frames.length === 0 ? 0 : Math.max(...frames.map(({ y, height }) => y + height)) + 40;
}

/** Where a box goes into the frame of a workflow without being on another. */
export function insideOf(frame: Rectangle, isEmpty: boolean): Place {
  const x = isEmpty ? frame.x + FRAME_PADDING : frame.x + frame.width;
  return { x, y: frame.y + FRAME_PADDING + FRAME_HEAD };
}

/** The workflow whose frame a place is in, or the nearest to it; `null`: there is none. */
export function nearestFrame(
  frames: ReadonlyMap<string, Rectangle>,
  { x, y }: Place,
): string | null {
  const distances = [...frames].map(([name, { x: left, y: top, width, height }]) => {
    const across = Math.max(left - x, 0, x - left - width);
    const along = Math.max(top - y, 0, y - top - height);
    return { name, distance: Math.hypot(across, along) };
  });
  distances.sort((one, other) => one.distance - other.distance);
  return distances[0]?.name ?? null;
}
