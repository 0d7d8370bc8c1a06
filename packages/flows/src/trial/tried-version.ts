import type { TrialVersion } from "../contract/trials.ts";
import type { NewEffect } from "../engine/changes.ts";
import { Engine } from "../engine/engine.ts";
import type { RunningNode } from "../engine/running-flow.ts";
import type { FlowDefinition } from "../files/workflow-file.ts";
import { effectWords } from "../node/effect-words.ts";
import type { Button, Effect, HeardPoint, Outcome, Source } from "../node/node.ts";
import type { StoredEvent } from "./stored-event.ts";

type Fired = TrialVersion["fired"][number];
/** The one effect that only reads. */
export type HistoryEffect = Effect & { kind: "history" };
/** What a series was like, as of then. */
export type HistoryOf = (effect: HistoryEffect) => Promise<Outcome>;

const FIRED_MAX = 10_000;
/** What has changed is looked at after so many events. */
const EVENTS_BETWEEN_LOOKS = 250;
const WORDS_LENGTH_MAX = 200;
/** Actions that neither do something outside nor raise an alert. */
const INNER_ACTIONS: ReadonlySet<string> = new Set(["debug", "store", "press"]);
const DONE: Outcome = { isDone: true, result: null };

/** One version of a workflow that is tried: its actions are recorded, not performed. */
export class TriedVersion {
  readonly #flow: FlowDefinition;
  readonly #engine: Engine;
  readonly #historyOf: HistoryOf;
  readonly #targets = new Map<string, readonly RunningNode[]>();
  /** Their types, by the names of the nodes. */
  readonly #innerActions: ReadonlyMap<string, string>;
  readonly #fired: Fired[] = [];
  readonly #counts: Record<string, number> = {};
  #events = 0;
  #stopped: string | null = null;

  /** @param streams the names of all streams. */
  constructor(flow: FlowDefinition, streams: readonly string[], historyOf: HistoryOf) {
    this.#flow = flow;
    this.#historyOf = historyOf;
    this.#innerActions = new Map(
      flow.nodes
        .map(({ name, type }): [string, string] => [name, type.type])
        .filter(([, type]) => INNER_ACTIONS.has(type)),
    );
    // Those of other workflows are pressed, and nothing comes of it.
    const isButtonElsewhere = (button: Button): boolean => button.flow !== flow.name;
    this.#engine = new Engine({ streams, isButtonElsewhere });
    // One that is switched off can be tried, too.
    this.#engine.setFlows([{ ...flow, isEnabled: true }]);
  }

  get dispatch(): Engine["dispatch"] {
    return this.#engine.dispatch;
  }

  /** What begins runs. */
  get listened(): Source[] {
    const nodes = [...this.#engine.flows.values()].flatMap((flow) => [...flow.nodes.values()]);
    const begin = nodes.filter(({ type }) => type.group !== "action");
    return begin.flatMap(({ behaviour }) => behaviour.sources ?? []);
  }

  get isStopped(): boolean {
    return this.#stopped !== null;
  }

  async start(atMs: number): Promise<void> {
    this.#engine.start([this.#flow.name], atMs);
    await this.#settle();
  }

  /** Takes an event. @returns a promise where something has to be waited for. */
  take(event: StoredEvent): Promise<void> | null {
    const { nextWakeMs } = this.#engine;
    if (nextWakeMs !== null && nextWakeMs <= event.atMs) return this.#wakeAndTake(event);
    return this.#hear(event);
  }

  /** Wakes what is due up to a time, one after the other, so that outcomes come at the right time. @param breathe lets others work. */
  async advance(toMs: number, breathe: () => Promise<void>): Promise<void> {
    for (;;) {
      const { nextWakeMs } = this.#engine;
      if (nextWakeMs === null || nextWakeMs > toMs || this.isStopped) return;
      this.#engine.advance(nextWakeMs);
      await this.#settle();
      this.#look();
      await breathe();
    }
  }

  result(): TrialVersion {
    this.#collect();
    return {
      fired: this.#fired.toSorted((one, other) => one.atMs - other.atMs),
      counts: this.#counts,
      runs: this.#engine.nextRun - 1,
      stopped: this.#stopped,
    };
  }

  async #wakeAndTake(event: StoredEvent): Promise<void> {
    await this.advance(event.atMs, async () => {});
    await this.#hear(event);
  }

  #hear({ atMs, stream, path, heard }: StoredEvent): Promise<void> | null {
    const engine = this.#engine;
    switch (heard.kind) {
      case "series":
        engine.takePoint(this.#targetsOf(stream, path, heard), heard, atMs);
        break;
      case "messages":
        engine.takeMessage(
          engine.dispatch.targetsOf(stream, heard.topic)?.messages ?? [],
          heard,
          atMs,
        );
        break;
      case "connections":
        engine.take(heard, atMs);
    }
    this.#look();
    return engine.hasEffects ? this.#settle() : null;
  }

  #targetsOf(stream: string, path: string, { series, topic }: HeardPoint): readonly RunningNode[] {
    const known = this.#targets.get(series);
    if (known !== undefined) return known;
    const found = this.#engine.dispatch.targetsOf(stream, topic)?.series.get(path) ?? [];
    this.#targets.set(series, found);
    return found;
  }

  /** What has changed must not pile up. */
  #look(): void {
    this.#events += 1;
    if (this.#events % EVENTS_BETWEEN_LOOKS === 0 && !this.#engine.hasEffects) this.#collect();
  }

  /** Answers each action as done, at once. */
  async #settle(): Promise<void> {
    while (this.#engine.hasEffects) {
      for (const effect of this.#collect()) {
        const { nowMs } = this.#engine;
        this.#engine.settle(effect, await this.#outcomeOf(effect.effect), nowMs);
      }
    }
  }

  async #outcomeOf(effect: Effect): Promise<Outcome> {
    return effect.kind === "history" ? await this.#historyOf(effect) : DONE;
  }

  #collect(): readonly NewEffect[] {
    const { effects, alerts, runs, stops } = this.#engine.takeChanges();
    for (const { state, atMs, node, title, key } of alerts) {
      const kind = "alert";
      if (state === "new") this.#fire(kind, () => ({ atMs, node, kind, what: title, about: key }));
    }
    for (const { effect, atMs, node, data } of effects) {
      const { kind } = effect;
      if (kind === "history") continue;
      const fired = () => ({ atMs, node, kind, what: effectWords(effect), about: keyOf(data) });
      this.#fire(kind, fired);
    }
    for (const { data, steps } of runs) {
      for (const { node, atMs, values, input } of steps) {
        const kind = this.#innerActions.get(node);
        if (kind === undefined || input === null) continue;
        const fired = () => ({ atMs, node, kind, what: shortened(values), about: keyOf(data) });
        this.#fire(kind, fired);
      }
    }
    this.#stopped ??= stops[0]?.reason ?? null;
    return effects;
  }

  #fire(kind: string, fired: () => Fired): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    if (this.#fired.length < FIRED_MAX) this.#fired.push(fired());
  }
}

function keyOf(data: Readonly<Record<string, unknown>> | null): string {
  return typeof data?.key === "string" ? data.key : "";
}

function shortened(values: unknown): string {
  const text = values === null ? "" : JSON.stringify(values);
  return text.length > WORDS_LENGTH_MAX ? `${text.slice(0, WORDS_LENGTH_MAX - 1)}…` : text;
}
