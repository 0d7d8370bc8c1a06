import { debug } from "./debug.ts";
import type { NodeType } from "./node.ts";
import { series } from "./series.ts";
import { threshold } from "./threshold.ts";

/** Every type of node, by its name in files. */
export const NODES: ReadonlyMap<string, NodeType> = new Map(
  [series, threshold, debug].map((type) => [type.type, type]),
);
