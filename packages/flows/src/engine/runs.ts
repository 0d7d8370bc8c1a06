import type { Data } from "../node/node.ts";
import type { RunPart } from "./changes.ts";
import type { RunningFlow, RunningNode } from "./running-flow.ts";

/** Something that reached a node and waits for its turn. */
export interface Waiting {
  node: RunningNode;
  run: RunPart;
  input: string;
  data: Data;
  depth: number;
}

/** The runs that have begun or gone on since the last commit. */
export class Runs {
  readonly #parts = new Map<number, RunPart>();
  /** Those that have begun with the event that is being handled. */
  readonly #begun: { flow: RunningFlow; run: RunPart }[] = [];
  /** The id of the run that begins next. */
  next: number;

  constructor(next: number) {
    this.next = next;
  }

  /** Whether there are some that did nothing, or others, too; `null` for no run. */
  get kind(): "quiet" | "loud" | null {
    for (const { isQuiet } of this.#parts.values()) if (!isQuiet) return "loud";
    return this.#parts.size > 0 ? "quiet" : null;
  }

  /** The run that data belongs to: the one that it names, or a new one. */
  of({ name, flow }: RunningNode, data: Data, nowMs: number): RunPart {
    const { run: named } = data;
    const known = typeof named === "number" ? this.#parts.get(named) : undefined;
    if (known !== undefined) return known;
    const isNew = typeof named !== "number";
    const run: RunPart = {
      id: isNew ? this.next : named,
      flow: flow.definition.name,
      trigger: isNew ? name : null,
      startedMs: nowMs,
      data: isNew ? data : null,
      steps: [],
      isQuiet: isNew,
    };
    if (isNew) {
      this.next += 1;
      this.#begun.push({ flow, run });
    }
    this.#parts.set(run.id, run);
    return run;
  }

  /** An event has been handled: of runs of a workflow that did nothing only the newest is kept. */
  settle(): void {
    for (const { flow, run } of this.#begun) {
      if (flow.lastRun?.isQuiet === true) this.#parts.delete(flow.lastRun.id);
      flow.lastRun = run;
    }
    this.#begun.length = 0;
  }

  takeChanges(): RunPart[] {
    const parts = [...this.#parts.values()];
    this.#parts.clear();
    return parts;
  }
}
