import { Engine } from "@weir/flows";
import type { FlowState } from "@weir/flows/contract";
import type { ServiceContext } from "@weir/runtime";
import { type LoadedFiles, NOTHING_LOADED } from "../files/loaded-files.ts";
import type { Commit, WorkflowsLog } from "../log/workflows-log.ts";
import { Delivery } from "./delivery.ts";
import { type FedStream, Feed } from "./feed.ts";
import { flowStatesOf } from "./flow-states.ts";
import { Keeper } from "./keeper.ts";
import { KnownTopics } from "./known-topics.ts";
import { Loop } from "./loop.ts";
import { createMetrics } from "./metrics.ts";

/** What a commit has brought that people may want to see. */
export interface CommittedNews {
  /** Workflows with new runs, or another state. */
  flows: ReadonlySet<string>;
  alertsChanged: boolean;
}

interface EngineOptions {
  log: WorkflowsLog;
  streams: readonly FedStream[];
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  /** Topics on which devices say that they are there. */
  presenceFilters: readonly string[];
  /** After each commit that has brought actions. */
  onActions: () => void;
  context: Pick<ServiceContext, "clock" | "logger" | "fail" | "health" | "metrics">;
}

/** The workflows as they run: whoever has workflow files, buttons or alerts to change asks here. */
export class WorkflowsEngine implements AsyncDisposable {
  readonly #options: EngineOptions;
  readonly #engine: Engine;
  readonly #delivery: Delivery;
  readonly #feed: Feed;
  readonly #known: KnownTopics;
  readonly #listeners = new Set<(news: CommittedNews) => void>();
  readonly #count: ReturnType<typeof createMetrics>;
  readonly loop: Loop;
  /** Names of the workflows that have run since the start: what the file has of them may be out of date. */
  readonly #begun = new Set<string>();
  #streams: readonly FedStream[];
  #loaded: LoadedFiles = NOTHING_LOADED;

  constructor(options: EngineOptions) {
    const { log, streams, indexFile, skewUs, presenceFilters, context } = options;
    this.#options = options;
    this.#streams = streams;
    const { kept } = log;
    this.#engine = new Engine({
      streams: streams.map(({ name }) => name),
      kept: { states: [], stops: [], stored: kept.stored(), nextRun: kept.number("next run") ?? 1 },
    });
    const nowMs = context.clock.now();
    // A clock that was set back since must not stop what waits for a time.
    this.#engine.nowMs = Math.min(kept.number("engine time") ?? nowMs, nowMs);
    this.#known = new KnownTopics(indexFile, context);
    this.#delivery = new Delivery(this.#engine, this.#known, presenceFilters);
    this.#feed = new Feed({
      ...{ indexFile, skewUs, positions: kept.positions(), delivery: this.#delivery },
      ...context,
      check: context.health.check("store"),
    });
    const check = context.health.check("run log");
    const keeper = new Keeper({ log, check, context, onKept: (commit) => this.#tell(commit) });
    this.#count = createMetrics(context.metrics, {
      log,
      lagMs: () => this.loop.lagMs(),
      lagRows: () => this.#feed.lagRows(),
      flows: () => this.#counts(),
    });
    this.loop = new Loop({ engine: this.#engine, feed: this.#feed, log, keeper, context });
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** Other workflows run from now on. Those that have not changed go on. */
  setWorkflows(loaded: LoadedFiles): void {
    const { log, context } = this.#options;
    const before = [...this.#engine.flows.keys()];
    const flows = loaded.flows.filter(({ isEnabled }) => isEnabled);
    const kept = log.kept.of(flows.filter(({ name }) => !this.#begun.has(name)));
    for (const { name } of flows) this.#begun.add(name);
    const changed = this.#engine.setFlows(flows, { ...kept, stored: [], nextRun: 1 });
    const inFiles = changedIn(loaded, this.#loaded);
    this.#loaded = loaded;
    this.#follow();
    this.#engine.start(changed, this.#engine.nowMs, context.clock.now());
    const names = new Set(flows.map(({ name }) => name));
    const invalid = loaded.files.flatMap((file) => file.invalid);
    this.loop.run({ flows, waiting: new Set(invalid.filter((name) => !names.has(name))) });
    const removed = before.filter((name) => !names.has(name));
    this.#say({ flows: new Set([...changed, ...removed, ...inFiles]), alertsChanged: false });
  }

  /** The streams are others. */
  setStreams(streams: readonly FedStream[]): void {
    this.#streams = streams;
    this.#engine.setStreams(streams.map(({ name }) => name));
    this.#follow();
  }

  /** How each workflow is, by name. */
  flowStates(): FlowState[] {
    const sources = { loaded: this.#loaded, engine: this.#engine, log: this.#options.log };
    return flowStatesOf(sources, this.#options.context.clock.now());
  }

  /** Calls back with what each commit has brought. */
  onNews(listener: (news: CommittedNews) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.loop[Symbol.asyncDispose]();
    this.#feed[Symbol.dispose]();
    this.#known[Symbol.dispose]();
  }

  #follow(): void {
    this.#delivery.reset();
    this.#feed.follow(this.#streams);
  }

  #tell({
    changes,
    ended,
    decisions,
    resumed,
  }: Pick<Commit, "changes" | "ended" | "decisions" | "resumed">): void {
    this.#count({ changes, ended });
    const flows = new Set(resumed);
    for (const { flow } of changes.runs) flows.add(flow);
    for (const { flow } of changes.stops) flows.add(flow);
    for (const { action } of ended) flows.add(action.flow);
    if (changes.effects.length > 0) this.#options.onActions();
    this.#say({ flows, alertsChanged: changes.alerts.length + decisions.length > 0 });
  }

  #counts(): { running: number; stopped: number } {
    const all = [...this.#engine.flows.values()];
    const stopped = all.filter((one) => one.stopped !== null).length;
    return { running: all.length - stopped, stopped };
  }

  #say(news: CommittedNews): void {
    if (news.flows.size === 0 && !news.alertsChanged) return;
    for (const listener of this.#listeners) listener(news);
  }
}

/** The workflows of files that are not as they were; of a file that has none, its own name. */
function changedIn({ files }: LoadedFiles, before: LoadedFiles): string[] {
  const revisions = new Map(before.files.map(({ file, revision }) => [file, revision]));
  return files
    .filter(({ file, revision }) => revisions.get(file) !== revision)
    .flatMap(({ file, flows, invalid }) => {
      const names = [...flows.map(({ name }) => name), ...invalid];
      return names.length > 0 ? names : [file];
    });
}
