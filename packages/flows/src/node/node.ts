import type { z } from "zod";

/** What goes along the wires of one run: plain JSON, by name. What a node returns is added under the node's name. */
export type Data = Readonly<Record<string, unknown>>;

/** What a node of its own accord listens to. */
export type Source =
  /** Readings. `stream:topic#path`; the stream may be left out, and the topic may have wildcards. */
  | { kind: "series"; series: string }
  /** Messages, as they are stored. */
  | { kind: "messages"; filter: string }
  /** Devices that connect and disconnect, by birth and will or by the broker's log. */
  | { kind: "connections" }
  /** A person, or another workflow, who presses. */
  | { kind: "button"; label: string }
  /** What Weir says of itself. */
  | { kind: "system"; about: HeardSystem["about"] }
  /** Alerts of any workflow that change. */
  | { kind: "alerts" }
  /** Once when the workflow is new or was changed, and after each start: to set a timer. */
  | { kind: "start" };

/** A reading. Times in milliseconds since the epoch. */
export interface HeardPoint {
  kind: "series";
  /** `stream:topic#path`. */
  series: string;
  topic: string;
  /** The device's id; different devices have different ones. */
  device: string;
  /** For people. */
  deviceName: string;
  value: number;
  unit: string | null;
  observedMs: number;
}

/** A stored message. */
export interface HeardMessage {
  kind: "messages";
  stream: string;
  topic: string;
  device: string;
  deviceName: string;
  /** JSON where it is some, otherwise text; `null` for bytes that are no text. */
  payload: unknown;
}

export interface HeardConnection {
  kind: "connections";
  device: string;
  deviceName: string;
  event: "connected" | "disconnected";
  /** In words; `null` where it is not known. */
  reason: string | null;
  /** What a device says itself counts; the broker's log is for those that say nothing. */
  by: "birth and will" | "broker's log";
  /** It is the broker's copy of an earlier message: news only where something else was known. */
  isCopy: boolean;
}

interface HeardPress {
  kind: "button";
  /** The user, or `workflow <name>`. */
  by: string;
  payload: unknown;
}

/** What Weir says of itself, whenever it was looked at. */
export type HeardSystem =
  | { kind: "system"; about: "disk"; usedPercent: number; freeBytes: number }
  | { kind: "system"; about: "audit"; missing: number }
  | { kind: "system"; about: "broker"; isAway: boolean; reason: string | null };

interface HeardAlert {
  kind: "alerts";
  alert: AlertChange;
}

interface HeardStart {
  kind: "start";
  /** The wall clock: later than the engine's time where there are messages to be taken up. */
  wallMs: number;
}

export type Heard =
  | HeardPoint
  | HeardMessage
  | HeardConnection
  | HeardPress
  | HeardSystem
  | HeardAlert
  | HeardStart;

export type Severity = "info" | "warning" | "critical";

/** An alert that is new, was acknowledged, or is over. */
export interface AlertChange {
  flow: string;
  node: string;
  /** The device, or whatever else the alert is about. */
  key: string;
  severity: Severity;
  title: string;
  state: "new" | "acknowledged" | "cleared";
}

/** What is to be done outside. Whoever does it answers with an outcome. */
export type Effect =
  | {
      kind: "email";
      to: readonly string[];
      subject: string;
      text: string;
      whenUncertain: "say" | "resend";
    }
  | {
      kind: "webhook";
      url: string;
      method: "POST" | "PUT" | "PATCH" | "GET" | "DELETE";
      headers: Readonly<Record<string, string>>;
      body: string;
      /** The file with the key of the signature; `null` for none. */
      secretFile: string | null;
      allowPrivate: boolean;
    }
  | {
      kind: "ntfy";
      server: string;
      topic: string;
      title: string;
      message: string;
      priority: number;
      tags: readonly string[];
      tokenFile: string | null;
      allowPrivate: boolean;
    }
  | { kind: "publish"; topic: string; payload: string; qos: 0 | 1; retain: boolean }
  | { kind: "command"; device: string; name: string; payload: unknown; timeoutMs: number }
  /** One number of a series over a span up to `toMs`. */
  | { kind: "history"; series: string; fromMs: number; toMs: number; aggregate: Aggregate };

export type Aggregate = "mean" | "min" | "max" | "sum" | "count" | "first" | "last" | "increase";

/** What became of an effect. */
export type Outcome =
  | { isDone: true; result: unknown }
  /** `isUncertain`: it may have been done all the same. */
  | { isDone: false; problem: string; isUncertain: boolean };

/** What a node may do while it hears, takes, or wakes. All of it takes effect at once, and nothing of it blocks. */
export interface Step<S> {
  /** Milliseconds since the epoch: the time of the event, which may lie behind the wall clock. */
  readonly nowMs: number;
  /** What is kept for this key; `undefined` for nothing. */
  state(key: string): S | undefined;
  /**
   * Keeps a state for a key, also over restarts.
   *
   * @param wakeMs when `wake` is called for the key; `null`: not at all. It replaces an earlier one.
   */
  keep(key: string, state: S, wakeMs?: number | null): void;
  /** Forgets the state of a key, and its wake-up. */
  forget(key: string): void;
  /** How many keys have a state. */
  readonly size: number;
  /** Goes on by an output. @param added is in the data for those behind, under the node's name. */
  emit(output: string, data: Data, added?: unknown): void;
  /** Goes on by the output `error`. */
  fail(problem: string, data: Data): void;
  /** Values that the trace shows for this step. */
  note(values: Readonly<Record<string, unknown>>): void;
  /** Names that a template looked for and the data does not have: the trace shows some of them. */
  lack(names: readonly string[]): void;
  /** Does something outside, once; `settle` is called with what became of it. */
  perform(effect: Effect, data: Data): void;
  /** Says that an alert of this node has changed. */
  alert(change: Omit<AlertChange, "flow" | "node">): void;
  /** Presses a button of any workflow. @returns whether there is one that runs. */
  press(button: Button, payload: unknown): boolean;
  /** Values that all workflows share, by name. */
  readonly stored: StoredValues;
}

/** A button, by its workflow and its node's name. */
export interface Button {
  flow: string;
  node: string;
}

/** Values that outlive runs and restarts. */
export interface StoredValues {
  get(name: string): unknown;
  /** @returns whether there is room for it. */
  set(name: string, value: unknown): boolean;
}

/** One node of a workflow, ready to run. */
export interface Behaviour<S> {
  sources?: readonly Source[];
  /** What one of the sources says. */
  hear?(heard: Heard, step: Step<S>): void;
  /** What comes in by a wire. */
  take?(input: string, data: Data, step: Step<S>): void;
  /** The time that `keep` has named for this key. */
  wake?(key: string, step: Step<S>): void;
  /** What became of an effect. Default: the outputs `done` and `error`. */
  settle?(outcome: Outcome, data: Data, step: Step<S>): void;
}

/** Where a node stands, and what belongs to its file. */
interface NodePlace {
  flow: string;
  /** The node's name. */
  name: string;
  /** The rows of the table of this name. @throws Error where the file has none, with the names that there are. */
  table(name: string): readonly Readonly<Record<string, unknown>>[];
}

type NodeGroup = "trigger" | "condition" | "data" | "action";

/** What is written in a type's own file. */
export interface NodeDefinition<C, S> {
  type: string;
  group: NodeGroup;
  /** One line for the palette. */
  summary: string;
  /** What stands in the file beside `type`; a strict object, of which each key is described. */
  config: z.ZodType<C>;
  /** What `keep` is given; what was kept by another version and no longer fits is forgotten. */
  state?: z.ZodType<S>;
  /** The part of the configuration that what is kept hangs on: when it is changed, all is forgotten. Default: the whole. */
  statesHangOn?: (config: C) => unknown;
  /** Names in the data of the runs that a node begins. Default: it begins none. */
  begins?: (config: C) => readonly string[];
  /** The expressions in the configuration. Default: there are none. */
  expressions?: (config: C) => readonly string[];
  /** Names of the inputs. The first one is meant where a wire names none. */
  inputs: (config: C) => readonly string[];
  /** Names of the outputs beside `error`, which every node has. The first one is meant where a wire names none. */
  outputs: (config: C) => readonly string[];
  /** @throws Error saying what is wrong with the configuration beyond its form, and the remedy. */
  create(config: C, place: NodePlace): Behaviour<S>;
}

/** A type of node, whatever its configuration and state are. */
export interface NodeType {
  type: string;
  group: NodeGroup;
  summary: string;
  config: z.ZodType;
  state: z.ZodType | null;
  /** These take a configuration that `config` has parsed. */
  statesHangOn: ((config: unknown) => unknown) | null;
  begins: (config: unknown) => readonly string[];
  expressions: (config: unknown) => readonly string[];
  inputs: (config: unknown) => readonly string[];
  outputs: (config: unknown) => readonly string[];
  create(config: unknown, place: NodePlace): Behaviour<unknown>;
}

/** Makes a type known to the engine, which parses configuration and state by its schemas before it hands them on. */
export function defineNode<C, S = never>(definition: NodeDefinition<C, S>): NodeType {
  const { config, state, statesHangOn, inputs, outputs, create } = definition;
  const none = (): readonly string[] => [];
  return {
    ...definition,
    config,
    state: state ?? null,
    // These take only what the schemas above have parsed.
    statesHangOn: (statesHangOn ?? null) as NodeType["statesHangOn"],
    begins: (definition.begins ?? none) as NodeType["begins"],
    expressions: (definition.expressions ?? none) as NodeType["expressions"],
    inputs: inputs as (config: unknown) => readonly string[],
    outputs: outputs as (config: unknown) => readonly string[],
    create: create.bind(definition) as unknown as NodeType["create"],
  };
}
