import type { AlertChange, Button, Data, Effect, Step, StoredValues } from "../node/node.ts";
import type { RunPart, TraceStep } from "./changes.ts";
import type { Engine } from "./engine.ts";
import type { RunningNode } from "./running-flow.ts";

/** Names that the data does not have, of one step. */
const UNKNOWN_MAX = 20;

/** What a node would keep has no room: this run cannot go on there, and others can. */
export class NoRoom extends Error {}

/** One use of one node: what it does goes to the engine, and into the trace of the run. */
export class NodeStep implements Step<unknown> {
  readonly #engine: Engine;
  readonly #node: RunningNode;
  readonly #input: string | null;
  #run: RunPart | null;
  #trace: TraceStep | null = null;
  #values: Readonly<Record<string, unknown>> | null = null;
  readonly #unknown = new Set<string>();

  /** @param run `null` where it is not known yet: the data that is emitted says. */
  constructor(engine: Engine, node: RunningNode, run: RunPart | null, input: string | null) {
    this.#engine = engine;
    this.#node = node;
    this.#run = run;
    this.#input = input;
  }

  get nowMs(): number {
    return this.#engine.nowMs;
  }

  get stored(): StoredValues {
    const engine = this.#engine;
    return {
      get: (name) => engine.stored.get(name),
      set: (name, value) => {
        const hasRoom = engine.stored.set(name, value);
        if (hasRoom && this.#run !== null) this.#run.isQuiet = false;
        return hasRoom;
      },
    };
  }

  state(key: string): unknown {
    return this.#node.cells.get(key)?.state;
  }

  keep(key: string, state: unknown, wakeMs: number | null = null): void {
    const node = this.#node;
    if (!node.cells.has(key) && !this.#engine.hasRoom(node)) throw new NoRoom(node.full?.problem);
    // A run that waits goes on later: what it has gone through is kept.
    if (wakeMs !== null && this.#run !== null) this.#run.isQuiet = false;
    this.#engine.keep(this.#node, key, state, wakeMs);
  }

  forget(key: string): void {
    this.#engine.forget(this.#node, key);
  }

  get size(): number {
    return this.#node.cells.size;
  }

  emit(output: string, data: Data, added?: unknown): void {
    const run = this.belongTo(data);
    const { name } = this.#node;
    this.#traced(run).outputs.push(output);
    // Where nothing is behind, the data need not be copied.
    if (!this.#node.targets.has(output)) return;
    const hasOwn = added !== undefined && added !== null;
    const sent = hasOwn ? { ...data, [name]: added, run: run.id } : { ...data, run: run.id };
    this.#engine.send(this.#node, output, sent, run);
  }

  fail(problem: string, data: Data): void {
    const run = this.belongTo(data);
    const trace = this.#traced(run);
    trace.problem = problem;
    trace.outputs.push("error");
    run.isQuiet = false;
    const own = data[this.#node.name];
    const shown = typeof own === "object" && own !== null ? own : { problem };
    this.#engine.send(this.#node, "error", { ...data, [this.#node.name]: shown, run: run.id }, run);
  }

  note(values: Readonly<Record<string, unknown>>): void {
    this.#values = this.#values === null ? values : { ...this.#values, ...values };
    if (this.#trace !== null) this.#trace.values = this.#values;
  }

  lack(names: readonly string[]): void {
    for (const name of names) if (this.#unknown.size < UNKNOWN_MAX) this.#unknown.add(name);
    if (this.#unknown.size > 0) this.note({ unknown: [...this.#unknown] });
  }

  perform(effect: Effect, data: Data): void {
    const run = this.belongTo(data);
    this.#traced(run);
    this.#engine.perform(this.#node, run, effect, { ...data, run: run.id });
  }

  alert(change: Omit<AlertChange, "flow" | "node">): void {
    const run = this.#run ?? this.belongTo({});
    this.#traced(run);
    this.#engine.alert(this.#node, run, change);
  }

  press(button: Button, payload: unknown): boolean {
    return this.#engine.pressFrom(this.#node, button, payload);
  }

  /** Which run this is part of, from now on. */
  belongTo(data: Data): RunPart {
    this.#run ??= this.#engine.runOf(this.#node, data);
    return this.#run;
  }

  /** Ends the use: a node that a run has reached is in its trace, whatever it did. */
  close(): void {
    if (this.#run !== null && (this.#input !== null || this.#values !== null))
      this.#traced(this.#run);
  }

  #traced(run: RunPart): TraceStep {
    if (this.#trace === null) {
      const { nowMs } = this.#engine;
      this.#trace = {
        atMs: nowMs,
        node: this.#node.name,
        input: this.#input,
        outputs: [],
        values: this.#values,
        problem: null,
      };
      run.steps.push(this.#trace);
      if (this.#node.type.group === "action") run.isQuiet = false;
    }
    return this.#trace;
  }
}
