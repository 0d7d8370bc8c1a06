import type { AlertChange, Data, Effect } from "../node/node.ts";

/** One node that a run went through. Times in milliseconds since the epoch. */
export interface TraceStep {
  atMs: number;
  node: string;
  /** `null` where the run begins, or goes on after a wait. */
  input: string | null;
  outputs: string[];
  /** What the node says of itself: values of a condition, the outcome of an action. */
  values: Readonly<Record<string, unknown>> | null;
  problem: string | null;
}

/** What a run has gone through since the last commit. */
export interface RunPart {
  id: number;
  flow: string;
  /** The first node; `null` where the run began earlier. */
  trigger: string | null;
  startedMs: number;
  /** What it began with; `null` where it began earlier. */
  data: Data | null;
  steps: TraceStep[];
  /** Nothing was done, and nothing is waited for. */
  isQuiet: boolean;
}

/** Something to be done outside, once. */
export interface NewEffect {
  run: number;
  flow: string;
  node: string;
  atMs: number;
  effect: Effect;
  /** What the run goes on with. */
  data: Data;
  /** How long after `atMs` it may still be done. */
  lateMs: number;
}

export interface StateChange {
  flow: string;
  node: string;
  key: string;
  /** `null`: it is forgotten. */
  cell: { state: unknown; wakeMs: number | null } | null;
}

export interface AlertRecord extends AlertChange {
  run: number;
  atMs: number;
}

/** A workflow was stopped, or is so no longer: it runs again by itself, was changed or removed. */
export interface Stop {
  flow: string;
  /** `null`: it is no longer stopped. */
  reason: string | null;
  atMs: number;
}

/** Everything that has changed since the last commit: it is kept as a whole, or not at all. */
export interface Changes {
  states: StateChange[];
  stored: { name: string; value: unknown }[];
  runs: RunPart[];
  effects: NewEffect[];
  alerts: AlertRecord[];
  stops: Stop[];
}
