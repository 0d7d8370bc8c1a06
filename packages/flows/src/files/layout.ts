import { type Layout, layout } from "../contract/files.ts";

/** Reads a file with the layout of a canvas. A damaged one is as none: the canvas lays out what it does not name. */
export function parseLayout(text: string): Layout {
  try {
    return layout.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** A layout as its file has it. */
export function formatLayout(boxes: Layout): string {
  return `${JSON.stringify(boxes, null, 2)}\n`;
}
