import { type FlowDefinition, tableOf } from "../files/workflow-file.ts";
import type { Behaviour, NodeType } from "../node/node.ts";
import type { RunPart } from "./changes.ts";

/** A workflow that was stopped rests for so long: the first time, and at most. It doubles until it has run for so long. */
const REST_MS = { first: 600_000, most: 86_400_000 };

/** What a node keeps for one key. */
interface Cell {
  state: unknown;
  wakeMs: number | null;
  /** When it was kept last. */
  keptMs: number;
}

/** A node of a workflow that runs. */
export interface RunningNode {
  flow: RunningFlow;
  name: string;
  type: NodeType;
  hash: string;
  behaviour: Behaviour<unknown>;
  cells: Map<string, Cell>;
  /** Why what comes with a new key is left out; `null` while there is room. */
  full: { problem: string; lookMs: number } | null;
  /** Keys whose cell has changed since the last commit. */
  changed: Set<string>;
  /** Where each output leads. */
  targets: ReadonlyMap<string, readonly { node: RunningNode; input: string }[]>;
}

/** A workflow that runs. */
export interface RunningFlow {
  definition: FlowDefinition;
  nodes: ReadonlyMap<string, RunningNode>;
  /** Why it was stopped; `null` while it runs. */
  stopped: string | null;
  /** When it runs again by itself, and how long it rested the last time. */
  rest: { untilMs: number; forMs: number };
  /** The newest run that began since the last commit. */
  lastRun: RunPart | null;
  /** When the last effects of this minute began, and how many there were. */
  effects: { sinceMs: number; count: number };
}

/** Makes a workflow ready to run. */
export function runningFlow(definition: FlowDefinition): RunningFlow {
  const { name: flow, tables } = definition;
  const nodes = new Map<string, RunningNode>();
  const running: RunningFlow = {
    definition,
    nodes,
    stopped: null,
    rest: { untilMs: Number.NEGATIVE_INFINITY, forMs: 0 },
    lastRun: null,
    effects: { sinceMs: 0, count: 0 },
  };
  const table = tableOf(tables);
  const targets = new Map<string, Map<string, { node: RunningNode; input: string }[]>>();
  for (const { name, type, config, hash } of definition.nodes) {
    const behaviour = type.create(config, { flow, name, table });
    const outputs = new Map<string, { node: RunningNode; input: string }[]>();
    targets.set(name, outputs);
    const cells = new Map<string, Cell>();
    const changed = new Set<string>();
    nodes.set(name, {
      flow: running,
      name,
      type,
      hash,
      behaviour,
      cells,
      full: null,
      changed,
      targets: outputs,
    });
  }
  for (const { from, to } of definition.wires) {
    const node = nodes.get(to.node);
    const outputs = targets.get(from.node);
    // The file was checked: both ends exist.
    if (node === undefined || outputs === undefined) continue;
    const behind = outputs.get(from.output) ?? [];
    behind.push({ node, input: to.input });
    outputs.set(from.output, behind);
  }
  return running;
}

/** Stops a workflow, for longer each time until it has run for long enough. */
export function stopFlow(flow: RunningFlow, reason: string, nowMs: number): void {
  const { untilMs, forMs: beforeMs } = flow.rest;
  const isAgain = nowMs - untilMs < REST_MS.most;
  const forMs = isAgain ? Math.min(REST_MS.most, 2 * beforeMs) : REST_MS.first;
  flow.stopped = reason;
  flow.rest = { untilMs: nowMs + forMs, forMs };
}
