import { type Changes, type FlowDefinition, parseWorkflowFile, type RunPart } from "@weir/flows";
import type { Commit } from "../../src/log/workflows-log.ts";

export const NOW_MS = Date.UTC(2026, 10, 28);

export function commitOf(changes: Partial<Changes>, changed: Partial<Commit> = {}): Commit {
  return {
    changes: {
      ...{ states: [], stored: [], runs: [], effects: [], alerts: [], stops: [] },
      ...changes,
    },
    positions: new Map(),
    ended: [],
    decisions: [],
    resumed: [],
    running: null,
    engineMs: NOW_MS,
    nextRun: 1_000,
    nowMs: NOW_MS,
    ...changed,
  };
}

export function runOf(id: number, changed: Partial<RunPart> = {}): RunPart {
  const step = { atMs: NOW_MS, node: "show", input: "in", outputs: [], values: null };
  return {
    ...{ id, flow: "one", trigger: "reading", startedMs: NOW_MS, isQuiet: false },
    data: { series: "home:kitchen#t", value: id },
    steps: [{ ...step, problem: null }],
    ...changed,
  };
}

export const effectOf = (run: number) => ({
  ...{ run, flow: "one", node: "say", atMs: NOW_MS, lateMs: 60_000 },
  effect: { kind: "publish", topic: "t", payload: "p", qos: 1, retain: false } as const,
  data: { value: 1 },
});

/** The workflow one, with one node. */
export function flowOf(above = 1): readonly FlowDefinition[] {
  const text = `flows: { one: { nodes: { warm: { type: threshold, series: a, above: ${above} } } } }`;
  return parseWorkflowFile(text, "home").flows;
}
