import { errorMessage } from "@weir/runtime";
import type { FlowDefinition } from "../files/workflow-file.ts";
import type {
  AlertChange,
  Button,
  Data,
  Effect,
  Heard,
  HeardConnection,
  HeardMessage,
  HeardPoint,
  HeardSystem,
  Outcome,
  Source,
} from "../node/node.ts";
import type { AlertRecord, Changes, NewEffect, RunPart, Stop } from "./changes.ts";
import { Dispatch, type TopicTargets } from "./dispatch.ts";
import { NodeStep, NoRoom } from "./node-step.ts";
import { type RunningFlow, type RunningNode, runningFlow, stopFlow } from "./running-flow.ts";
import { Runs, type Waiting } from "./runs.ts";
import { SharedValues, type StoredValue } from "./shared-values.ts";
import { type KeptState, States } from "./states.ts";

/** Nodes that one run may go through at once. */
const STEPS_MAX = 1_000;
/** Runs that begin one another: by an alert, or by pressing a button of another workflow. */
const DEPTH_MAX = 10;
/** Actions of one workflow in a minute. */
const EFFECTS_PER_MINUTE_MAX = 600;
const MINUTE_MS = 60_000;

/** What was kept by an earlier engine. */
export interface Kept {
  states: Iterable<KeptState>;
  stored: Iterable<StoredValue>;
  stops: Iterable<{ flow: string; reason: string; atMs: number }>;
  nextRun: number;
}

export const NOTHING_KEPT: Kept = { states: [], stored: [], stops: [], nextRun: 1 };

/**
 * Runs workflows. It has no clock, no files and no network: the same events at the same times lead to the same changes,
 * live, after a restart, and when a workflow is tried on the past. Whoever uses it commits `takeChanges` and does the
 * effects. Events come in the order of their times; one that comes late counts as of now.
 */
export class Engine {
  nowMs = 0;
  /** @internal */
  readonly stored: SharedValues;
  #streams: readonly string[];
  readonly #flows = new Map<string, RunningFlow>();
  readonly #states = new States();
  readonly #runs: Runs;
  readonly #waiting: Waiting[] = [];
  #effects: NewEffect[] = [];
  #alerts: AlertRecord[] = [];
  #stops: Stop[] = [];
  /** Workflows that were stopped. */
  #resting: RunningFlow[] = [];
  #dispatch: Dispatch;
  #depth = 0;
  #stepsOfRun = 0;
  #isDraining = false;
  readonly #isButtonElsewhere: (button: Button) => boolean;

  /**
   * @param streams the names of all streams.
   * @param isButtonElsewhere whether a button that is in none of the workflows counts as pressed: in a trial.
   */
  constructor({
    streams,
    kept = NOTHING_KEPT,
    isButtonElsewhere = () => false,
  }: {
    streams: readonly string[];
    kept?: Kept;
    isButtonElsewhere?: (button: Button) => boolean;
  }) {
    this.#streams = streams;
    this.#isButtonElsewhere = isButtonElsewhere;
    this.#dispatch = new Dispatch([], streams);
    this.#runs = new Runs(kept.nextRun);
    this.stored = new SharedValues(kept.stored);
  }

  get flows(): ReadonlyMap<string, RunningFlow> {
    return this.#flows;
  }

  get dispatch(): Dispatch {
    return this.#dispatch;
  }

  /** The id of the run that begins next. */
  get nextRun(): number {
    return this.#runs.next;
  }

  /** How urgent a commit is: for what is to be done, for runs that people may look at, or only for what would be lost. */
  get pending(): "nothing" | "states" | "runs" | "actions" {
    if (this.#effects.length > 0 || this.#alerts.length > 0 || this.#stops.length > 0)
      return "actions";
    const { kind } = this.#runs;
    if (kind === "loud") return "runs";
    const hasChanged = kind === "quiet" || this.#states.hasChanged || this.stored.hasChanged;
    return hasChanged ? "states" : "nothing";
  }

  /** When the next wake-up is due; `null` for none. */
  get nextWakeMs(): number | null {
    return this.#states.next()?.atMs ?? null;
  }

  /** Whether there are effects that `takeChanges` would return. */
  get hasEffects(): boolean {
    return this.#effects.length > 0;
  }

  /**
   * Replaces the workflows. What has not changed goes on as if nothing had happened: a workflow of the same hash, and
   * in one that was changed each node of the same type and configuration, keeps its states.
   *
   * @param kept of an earlier engine, for the first time.
   * @returns names of the workflows that are new or were changed.
   */
  setFlows(definitions: readonly FlowDefinition[], kept: Kept = NOTHING_KEPT): string[] {
    const next = new Map<string, RunningFlow>();
    const changed: string[] = [];
    for (const definition of definitions) {
      if (!definition.isEnabled) continue;
      const before = this.#flows.get(definition.name);
      const isSame = before !== undefined && before.definition.hash === definition.hash;
      next.set(definition.name, isSame ? before : runningFlow(definition));
      if (!isSame) changed.push(definition.name);
    }
    for (const [name, before] of this.#flows) {
      const after = next.get(name);
      if (after === before) continue;
      this.#states.handOver(before, after);
      if (before.stopped !== null) this.#stops.push({ flow: name, reason: null, atMs: this.nowMs });
    }
    this.#flows.clear();
    for (const [name, flow] of next) this.#flows.set(name, flow);
    this.#states.restore(next, kept.states, this.nowMs);
    for (const { flow, reason, atMs } of kept.stops) {
      const stopped = next.get(flow);
      if (stopped !== undefined) stopFlow(stopped, reason, atMs);
    }
    this.#resting = [...next.values()].filter((flow) => flow.stopped !== null);
    this.#dispatch = new Dispatch(next.values(), this.#streams);
    return changed;
  }

  /** The streams are others. @param streams their names. */
  setStreams(streams: readonly string[]): void {
    this.#streams = streams;
    this.#dispatch = new Dispatch(this.#flows.values(), streams);
  }

  /**
   * Nodes that set timers of their own hear that they have started.
   *
   * @param wallMs the wall clock, where it is later: what they have missed meanwhile happens once.
   */
  start(flows: Iterable<string>, nowMs: number, wallMs = nowMs): void {
    this.#come(nowMs);
    const started = new Set(flows);
    for (const node of this.#dispatch.listenersTo("start")) {
      if (started.has(node.flow.definition.name)) this.#hear(node, { kind: "start", wallMs });
    }
    this.#drain();
  }

  /** Wakes what is due up to a time. */
  advance(toMs: number): void {
    for (;;) {
      const due = this.#states.next();
      if (this.#endRest(Math.min(toMs, due?.atMs ?? toMs))) continue;
      if (due === null || due.atMs > toMs) break;
      this.#states.take();
      this.#come(due.atMs);
      this.#wake(due.node, due.key);
      this.#drain();
    }
    this.#come(toMs);
  }

  /** Takes the readings of one message. @param targets as `dispatch` has found them. */
  takePoint(targets: readonly RunningNode[], point: HeardPoint, nowMs: number): void {
    this.advance(nowMs);
    for (const node of targets) this.#hear(node, point);
    this.#drain();
  }

  takeMessage(targets: TopicTargets["messages"], message: HeardMessage, nowMs: number): void {
    this.advance(nowMs);
    for (const node of targets) this.#hear(node, message);
    this.#drain();
  }

  take(
    heard: HeardConnection | HeardSystem | { kind: "alerts"; alert: AlertChange },
    nowMs: number,
  ): void {
    this.advance(nowMs);
    this.#tell(heard.kind, heard);
    this.#drain();
  }

  /** Presses a button. @returns the id of the run; `null` where there is no such button that runs. */
  press(
    { flow, node, by, payload }: { flow: string; node: string; by: string; payload: unknown },
    nowMs: number,
  ): number | null {
    this.advance(nowMs);
    const pressed = this.#buttonOf({ flow, node });
    if (pressed === null) return null;
    const run = this.#runs.next;
    this.#hear(pressed, { kind: "button", by, payload });
    this.#drain();
    return this.#runs.next > run ? run : null;
  }

  /** Goes on with what became of an effect. A workflow that was removed meanwhile does not. */
  settle(
    { flow, node, data }: Pick<NewEffect, "flow" | "node" | "data">,
    outcome: Outcome,
    nowMs: number,
  ): void {
    this.advance(nowMs);
    const settled = this.#flows.get(flow)?.nodes.get(node);
    if (settled === undefined) return;
    this.#use(settled, null, null, (step) => {
      const { behaviour, name } = settled;
      if (behaviour.settle !== undefined) {
        // An outcome belongs to the run that has asked.
        step.belongTo(data);
        behaviour.settle(outcome, data, step);
      } else if (outcome.isDone) {
        step.belongTo(data);
        if (outcome.result !== null) step.note({ result: outcome.result });
        step.emit("done", data, outcome.result);
      } else {
        const { problem, isUncertain } = outcome;
        step.fail(problem, { ...data, [name]: { problem, isUncertain } });
      }
    });
    this.#drain();
  }

  /** Lets a workflow run again that was stopped. */
  resume(flow: string): void {
    const stopped = this.#flows.get(flow);
    if (stopped === undefined) return;
    stopped.stopped = null;
    stopped.effects = { sinceMs: 0, count: 0 };
    this.#resting = this.#resting.filter((flow) => flow !== stopped);
    this.#states.wakeAgain(stopped);
  }

  /** What has changed since the last call. */
  takeChanges(): Changes {
    const changes: Changes = {
      states: this.#states.takeChanges(),
      stored: this.stored.takeChanges(),
      runs: this.#runs.takeChanges(),
      effects: this.#effects,
      alerts: this.#alerts,
      stops: this.#stops,
    };
    this.#effects = [];
    this.#alerts = [];
    this.#stops = [];
    return changes;
  }

  // What follows is called by the step of a node.

  /** @internal */
  keep(node: RunningNode, key: string, state: unknown, wakeMs: number | null): void {
    this.#states.keep(node, key, { state, wakeMs, keptMs: this.nowMs });
  }

  /** @internal Whether a node may keep another key. */
  hasRoom(node: RunningNode): boolean {
    return this.#states.hasRoom(node, this.nowMs);
  }

  /** @internal */
  forget(node: RunningNode, key: string): void {
    this.#states.forget(node, key);
  }

  /** @internal The run that data belongs to: the one that it names, or a new one. */
  runOf(node: RunningNode, data: Data): RunPart {
    return this.#runs.of(node, data, this.nowMs);
  }

  /** @internal Hands data on by the wires of an output. */
  send(node: RunningNode, output: string, data: Data, run: RunPart): void {
    for (const { node: to, input } of node.targets.get(output) ?? []) {
      this.#waiting.push({ node: to, run, input, data, depth: this.#depth });
    }
  }

  /** @internal */
  perform(node: RunningNode, run: RunPart, effect: Effect, data: Data): void {
    run.isQuiet = false;
    if (!this.#mayAct(node)) return;
    const { name: flow, lateMs } = node.flow.definition;
    this.#effects.push({
      run: run.id,
      flow,
      node: node.name,
      atMs: this.nowMs,
      effect,
      data,
      lateMs,
    });
  }

  /** @internal @returns whether there is such a button that runs. */
  pressFrom(node: RunningNode, button: Button, payload: unknown): boolean {
    const pressed = this.#buttonOf(button);
    if (pressed === null) return this.#isButtonElsewhere(button);
    if (!this.#mayAct(node)) return false;
    const by = `workflow ${node.flow.definition.name}`;
    this.#deeper(node.flow, () => this.#hear(pressed, { kind: "button", by, payload }));
    return true;
  }

  /** @internal */
  alert(node: RunningNode, run: RunPart, change: Omit<AlertChange, "flow" | "node">): void {
    run.isQuiet = false;
    const alert = { ...change, flow: node.flow.definition.name, node: node.name };
    this.#alerts.push({ ...alert, run: run.id, atMs: this.nowMs });
    this.#deeper(node.flow, () => this.#tell("alerts", { kind: "alerts", alert }));
  }

  #come(toMs: number): void {
    if (toMs > this.nowMs) this.nowMs = toMs;
  }

  #tell(kind: Source["kind"], heard: Heard): void {
    for (const node of this.#dispatch.listenersTo(kind)) this.#hear(node, heard);
  }

  #hear(node: RunningNode, heard: Heard): void {
    if (node.flow.stopped !== null || node.behaviour.hear === undefined) return;
    this.#use(node, null, null, (step) => node.behaviour.hear?.(heard, step));
  }

  #wake(node: RunningNode, key: string): void {
    // It waits until the workflow runs again.
    if (node.flow.stopped !== null || !this.#states.wakes(node, key)) return;
    this.#use(node, null, null, (step) => node.behaviour.wake?.(key, step));
  }

  /** Runs one node. Its fault stops its workflow, and no other. */
  #use(
    node: RunningNode,
    run: RunPart | null,
    input: string | null,
    use: (step: NodeStep) => void,
    data: Data | null = null,
  ): void {
    const step = new NodeStep(this, node, run, input);
    try {
      use(step);
    } catch (error) {
      if (!(error instanceof NoRoom)) {
        this.#stop(node.flow, `node ${node.name} failed: ${errorMessage(error)}`);
      } else if (data !== null) step.fail(error.message, data);
    }
    step.close();
  }

  /** Hands on what waits, until nothing does. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#stepsOfRun = 0;
    // What comes is appended meanwhile.
    for (const { node, run, input, data, depth } of this.#waiting) {
      if (node.flow.stopped !== null) continue;
      this.#stepsOfRun += 1;
      if (this.#stepsOfRun > STEPS_MAX) {
        this.#stop(
          node.flow,
          `a run went through more than ${STEPS_MAX} nodes, the last one ${node.name}: its wires lead in a circle`,
        );
        continue;
      }
      this.#depth = depth;
      this.#use(node, run, input, (step) => node.behaviour.take?.(input, data, step), data);
    }
    this.#waiting.length = 0;
    this.#runs.settle();
    this.#depth = 0;
    this.#isDraining = false;
  }

  /** Counts an action. @returns whether the workflow may do that many; otherwise it was stopped. */
  #mayAct({ flow, name }: RunningNode): boolean {
    if (this.nowMs - flow.effects.sinceMs >= MINUTE_MS)
      flow.effects = { sinceMs: this.nowMs, count: 0 };
    flow.effects.count += 1;
    if (flow.effects.count <= EFFECTS_PER_MINUTE_MAX) return true;
    const most = `more than ${EFFECTS_PER_MINUTE_MAX} actions within a minute`;
    this.#stop(flow, `${most}, the last one by ${name}`);
    return false;
  }

  #buttonOf({ flow, node: name }: Button): RunningNode | null {
    const node = this.#flows.get(flow)?.nodes.get(name);
    const isButton = node?.behaviour.sources?.some(({ kind }) => kind === "button") === true;
    return node !== undefined && isButton && node.flow.stopped === null ? node : null;
  }

  #deeper(flow: RunningFlow, go: () => void): void {
    if (this.#depth >= DEPTH_MAX) {
      this.#stop(
        flow,
        `workflows begin one another more than ${DEPTH_MAX} times: they lead in a circle`,
      );
      return;
    }
    this.#depth += 1;
    go();
    this.#depth -= 1;
  }

  #stop(flow: RunningFlow, reason: string): void {
    if (flow.stopped !== null) return;
    stopFlow(flow, reason, this.nowMs);
    this.#resting.push(flow);
    this.#stops.push({ flow: flow.definition.name, reason, atMs: this.nowMs });
  }

  /** A flood that has stopped a workflow must not end it for good. @returns whether one runs again. */
  #endRest(upToMs: number): boolean {
    const rested = this.#resting.find(({ rest }) => rest.untilMs <= upToMs);
    if (rested === undefined) return false;
    const { definition, rest } = rested;
    this.#come(rest.untilMs);
    this.#stops.push({ flow: definition.name, reason: null, atMs: this.nowMs });
    this.resume(definition.name);
    return true;
  }
}
