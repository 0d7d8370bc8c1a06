import type { Changes } from "../src/engine/changes.ts";
import { Engine, type Kept } from "../src/engine/engine.ts";
import { parseWorkflowFile } from "../src/files/workflow-file.ts";
import type { Data, HeardConnection, Outcome } from "../src/node/node.ts";

export const MINUTE_MS = 60_000;
/** When every test begins. */
export const START_MS = Date.UTC(2026, 10, 28, 12);

/** A workflow file that runs on times that the test gives, in milliseconds since `START_MS`. */
export class Workbench {
  readonly engine: Engine;
  readonly #text: string;
  readonly #kept = new Map<string, Kept["states"] extends Iterable<infer S> ? S : never>();
  readonly #stored = new Map<string, unknown>();
  readonly #changes: Changes = {
    states: [],
    stored: [],
    runs: [],
    effects: [],
    alerts: [],
    stops: [],
  };

  /** @param wallAfterMs the wall clock, where it is later than what the engine begins with. */
  constructor(text: string, kept?: Kept, wallAfterMs = 0) {
    this.#text = text;
    const { flows, problems } = parseWorkflowFile(text, "test");
    if (problems.length > 0) throw new Error(problems.join("\n"));
    this.engine = new Engine({ streams: ["home"], ...(kept === undefined ? {} : { kept }) });
    this.engine.setFlows(flows, kept);
    this.engine.start(
      flows.map(({ name }) => name),
      START_MS,
      START_MS + wallAfterMs,
    );
  }

  /** A reading of `topic#path` in the stream home. */
  reading(series: string, value: number, afterMs: number, observedAfterMs = afterMs): void {
    const [topic = "", path = ""] = series.split("#");
    const targets = this.engine.dispatch.targetsOf("home", topic)?.series.get(path) ?? [];
    const point = {
      kind: "series",
      series: `home:${series}`,
      topic,
      device: `home:${topic}`,
      deviceName: topic.split("/").at(-1) ?? topic,
      value,
      unit: null,
      observedMs: START_MS + observedAfterMs,
    } as const;
    this.engine.takePoint(targets, point, START_MS + afterMs);
  }

  /** A message in the stream home. */
  message(topic: string, payload: unknown, afterMs: number): void {
    const targets = this.engine.dispatch.targetsOf("home", topic)?.messages ?? [];
    const message = {
      kind: "messages",
      stream: "home",
      topic,
      device: `home:${topic}`,
      deviceName: topic.split("/").at(-1) ?? topic,
      payload,
    } as const;
    this.engine.takeMessage(targets, message, START_MS + afterMs);
  }

  /** A device of the stream home has come or gone. */
  connection(
    name: string,
    event: "connected" | "disconnected",
    afterMs: number,
    how: Partial<Pick<HeardConnection, "by" | "isCopy">> = {},
  ): void {
    const heard = {
      kind: "connections",
      device: `home:devices/${name}`,
      deviceName: name,
      event,
      reason: null,
      by: "birth and will",
      isCopy: false,
    } as const;
    this.engine.take({ ...heard, ...how }, START_MS + afterMs);
  }

  advance(afterMs: number): void {
    this.engine.advance(START_MS + afterMs);
  }

  /** Answers the effects that were not answered yet. */
  settle(outcome: Outcome, afterMs: number): void {
    const { effects } = this.changes();
    for (const effect of effects.splice(0)) this.engine.settle(effect, outcome, START_MS + afterMs);
  }

  /** Everything that has changed since the beginning, or since effects were settled. */
  changes(): Changes {
    const { states, stored, runs, effects, alerts, stops } = this.engine.takeChanges();
    for (const { flow, node, key, cell } of states) {
      const id = `${flow} ${node} ${key}`;
      if (cell === null) this.#kept.delete(id);
      else this.#kept.set(id, { flow, node, key, ...structuredClone(cell) });
    }
    for (const { name, value } of stored) this.#stored.set(name, value);
    this.#changes.states.push(...states);
    this.#changes.stored.push(...stored);
    this.#changes.runs.push(...runs);
    this.#changes.effects.push(...effects);
    this.#changes.alerts.push(...alerts);
    this.#changes.stops.push(...stops);
    return this.#changes;
  }

  /** Which node of which run sent what by which outputs: `warm:yes`. */
  path(): string[] {
    return this.changes().runs.flatMap(({ steps }) =>
      steps.map(({ node, outputs }) => [node, ...outputs].join(":")),
    );
  }

  /** The data that has reached a debug node. */
  dataAt(node: string): Data[] {
    const steps = this.changes().runs.flatMap((run) => run.steps);
    // A debug node shows nothing but its data.
    return steps.filter((step) => step.node === node).map(({ values }) => values?.data as Data);
  }

  /** How each run began: `door:message`. */
  begun(): string[] {
    return this.changes().runs.map(({ steps: [first] }) =>
      [first?.node, ...(first?.outputs ?? [])].join(":"),
    );
  }

  /** Another engine with what this one has kept, as after a restart. @param wallAfterMs when that happens. */
  restarted(wallAfterMs = 0): Workbench {
    const { runs } = this.changes();
    const kept = {
      states: [...this.#kept.values()],
      stored: [...this.#stored].map(([name, value]) => ({ name, value })),
      stops: this.#changes.stops.flatMap(({ reason, ...stop }) =>
        reason === null ? [] : [{ ...stop, reason }],
      ),
      nextRun: 1 + Math.max(0, ...runs.map(({ id }) => id)),
    };
    return new Workbench(this.#text, kept, wallAfterMs);
  }
}
