import type { ReactFlowInstance } from "@xyflow/react";
import type { Rectangle } from "./boxes.ts";
import type { Box, Frame } from "./canvas-parts.ts";
import { nodeAt } from "./selection.ts";

export type Flow = ReactFlowInstance<Box | Frame>;

/** Smaller than this the words in a box are hard to read. */
const ZOOM_READABLE = 0.75;
const ZOOM_MAX = 1;
const MARGIN_PIXELS = 16;

/** Shows all workflows, as far as they can be read: what is beyond is scrolled to. */
export function showAll(flow: Flow): void {
  const frames = flow.getNodes().filter(({ type }) => type === "frame");
  const pane = paneSize();
  if (pane !== null && frames.length > 0) place(flow, flow.getNodesBounds(frames), pane);
}

/** Brings a box or a frame onto the screen. @returns whether it is drawn */
export function bringIntoView(flow: Flow, id: string): boolean {
  const node = flow.getNode(id);
  const pane = paneSize();
  if (node === undefined || pane === null) return false;
  const { x, y, zoom } = flow.getViewport();
  const { width = 0, height = 0, position } = node;
  const left = shiftInto(position.x * zoom + x, width * zoom, pane.width);
  const top = shiftInto(position.y * zoom + y, height * zoom, pane.height);
  if (left === 0 && top === 0) return true;
  const isFrame = nodeAt(id) === null;
  if (isFrame) place(flow, { ...position, width, height }, pane);
  else void flow.setViewport({ x: x + left, y: y + top, zoom });
  return true;
}

/** By how much something has to move along one side to be inside; its beginning is what counts. */
function shiftInto(from: number, length: number, room: number): number {
  if (from < 0) return MARGIN_PIXELS - from;
  const beyond = from + length - room;
  return beyond > 0 ? -Math.min(beyond + MARGIN_PIXELS, from - MARGIN_PIXELS) : 0;
}

function place(flow: Flow, shown: Rectangle, pane: { width: number; height: number }): void {
  const [width, height] = [pane.width - 2 * MARGIN_PIXELS, pane.height - 2 * MARGIN_PIXELS];
  const fitting = Math.min(width / shown.width, height / shown.height);
  const zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_READABLE, fitting));
  // In the middle, and above the middle, where there is more room than is needed.
  const left = MARGIN_PIXELS + Math.max(0, (width - shown.width * zoom) / 2);
  const top = MARGIN_PIXELS + Math.max(0, (height - shown.height * zoom) / 4);
  void flow.setViewport({ x: left - shown.x * zoom, y: top - shown.y * zoom, zoom });
}

function paneSize(): { width: number; height: number } | null {
  return document.querySelector(".flow-canvas")?.getBoundingClientRect() ?? null;
}
