import { EVENT_TTL_MS, type KindSettings, type Outcome } from "@weir/delivery";
import type { DeviceState } from "@weir/protocol";
import { type Clock, errorMessage } from "@weir/runtime";
import type { Sample, Source } from "../sources/source.ts";
import type { DeadbandRule } from "./deadband.ts";
import type { DeviceLog } from "./log.ts";
import { Freshness, Meter } from "./meter.ts";
import { Schedule } from "./schedule.ts";
import {
  afterLoss,
  afterSuccess,
  decide,
  isUnreported,
  type Report,
  type ReportMemory,
} from "./state.ts";

/** States of which each replaces the one before: with the same delivery, due at the same times. */
export interface StateSeries {
  delivery: KindSettings;
  /** `null` follows the device's interval. */
  everyMs: number | null;
}

/** An open source, and how it is reported. */
export interface ReportedSource extends StateSeries {
  /** Its name in the configuration. */
  name: string;
  source: Source;
  isActive: boolean;
  /** The rule of each of its attributes, unless a command has set another one. */
  rule: DeadbandRule;
}

interface ReporterOptions {
  sources: readonly ReportedSource[];
  intervalMs: number;
  /** Rules of single attributes, as commands have set them. */
  rules: Readonly<Record<string, DeadbandRule>>;
  /** Hands a state to its delivery. What is due at one moment of one series is one state. */
  send: (series: StateSeries, state: DeviceState) => Promise<Outcome>;
  log: DeviceLog;
  clock: Clock;
}

/** A measurement takes no longer than its interval, and never longer than this. */
const TIMEOUT_MS_MAX = 30_000;

/** Measures each source in its interval and reports what has changed enough, with or without a connection. */
export class Reporter implements AsyncDisposable {
  #sources: readonly ReportedSource[];
  #send: ReporterOptions["send"];
  #log: DeviceLog;
  #clock: Clock;
  #meter: Meter;
  #schedule: Schedule;
  #freshness: Freshness;
  /** The rule of each attribute by its source, and those that commands have set. */
  #sourceRules: ReadonlyMap<string, DeadbandRule>;
  #ownRules: Map<string, DeadbandRule>;
  #active: Set<string>;
  #intervalMs: number;
  #memory: ReportMemory = new Map();
  #state: "created" | "running" | "stopped" = "created";

  constructor({ sources, intervalMs, rules, send, log, clock }: ReporterOptions) {
    this.#sources = sources;
    this.#send = send;
    this.#log = log;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#ownRules = new Map(Object.entries(rules));
    this.#sourceRules = new Map(
      sources.flatMap(({ source, rule }) => source.attributes.map(({ name }) => [name, rule])),
    );
    const active = sources.filter(({ isActive }) => isActive);
    this.#active = new Set(active.map(({ name }) => name));
    this.#meter = new Meter(sources, log, clock);
    this.#freshness = new Freshness(sources, (attribute) => this.#ruleOf(attribute));
    this.#freshness.begin(active, clock.monotonic());
    this.#schedule = new Schedule(async (group) => {
      const report = await this.#measure(group, false);
      // Not awaited: the outcome of an alarm may be days away.
      if (report !== null) void this.#deliver(group, report);
    }, clock);
  }

  /** Sends the first report at once. */
  start(): void {
    if (this.#state !== "created") return;
    this.#state = "running";
    this.#schedule.set(this.#groups(), { isNow: () => true });
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Restarts the timers that follow the device; their next report is one interval from now. */
  setIntervalMs(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#freshness.renew(this.#clock.monotonic());
    if (this.#state !== "running") return;
    this.#schedule.set(this.#groups(), { restarts: ({ everyMs }) => everyMs === null });
  }

  isActive(name: string): boolean {
    return this.#active.has(name);
  }

  /** Reports these sources from now on, and no others; newly active ones at once. */
  setActiveSources(names: readonly string[]): void {
    const added = this.#sources.filter(
      ({ name }) => names.includes(name) && !this.#active.has(name),
    );
    this.#active = new Set(names);
    this.#memory = without(this.#memory, added);
    this.#freshness.begin(added, this.#clock.monotonic());
    if (this.#state !== "running") return;
    const isNow = ({ sources }: Group) => sources.some((source) => added.includes(source));
    this.#schedule.set(this.#groups(), { isNow });
  }

  /** The rules that `setRule` has set, to be kept. */
  rules(): Readonly<Record<string, DeadbandRule>> {
    return Object.fromEntries(this.#ownRules);
  }

  /** The rules of all attributes: their own, or that of their source. */
  allRules(): ReadonlyMap<string, DeadbandRule> {
    return new Map([...this.#sourceRules.keys()].map((name) => [name, this.#ruleOf(name)]));
  }

  setRule(attribute: string, rule: DeadbandRule): void {
    this.#ownRules.set(attribute, rule);
    this.#freshness.renew(this.#clock.monotonic());
  }

  /** Measures and reports all active sources now, whatever their deadbands say. */
  async reportNow(): Promise<readonly Outcome[]> {
    const outcomes = this.#groups().map(async (group) => {
      const report = await this.#measure(group, true);
      return report === null ? null : await this.#deliver(group, report);
    });
    return (await Promise.all(outcomes)).filter((outcome) => outcome !== null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#schedule[Symbol.dispose]();
    await this.#meter[Symbol.asyncDispose]();
  }

  async #measure(group: Group, isForced: boolean): Promise<Report | null> {
    const at = { nowMs: this.#clock.monotonic(), time: this.#clock.now() };
    const timeoutMs = Math.min(group.intervalMs, TIMEOUT_MS_MAX);
    const measured = await Promise.all(
      group.sources.map(async (source) => ({
        name: source.name,
        sample: await this.#meter.measure(source, timeoutMs),
      })),
    );
    if (this.#isStopped()) return null;
    // A command may have deactivated one meanwhile.
    const active = measured.filter(({ name }) => this.#active.has(name));
    const sample: Sample = Object.fromEntries(
      active.flatMap((one) => Object.entries(one.sample ?? {})),
    );
    this.#freshness.measured(sample, at.nowMs);
    const replacesEarlier = group.delivery.class === "telemetry";
    const decision = decide(sample, this.#memory, {
      ...at,
      isForced,
      intervalMs: this.#intervalMs,
      replacesEarlier,
      // A state of another class may arrive when this is no longer true.
      stale: replacesEarlier ? this.#freshness.stale(this.#intervalMs, at.nowMs) : [],
      ruleOf: (attribute) => this.#ruleOf(attribute),
    });
    this.#memory = decision.memory;
    return decision.report;
  }

  async #deliver(group: Group, report: Report): Promise<Outcome> {
    const outcome = await this.#send(group, report.state).catch((error: unknown): Outcome => {
      this.#log.error(`a state cannot be sent: ${errorMessage(error)}`);
      return { kind: "dropped", reason: errorMessage(error) };
    });
    if (isLost(outcome)) {
      // No hurry if a newer state has these values: in an outage each state replaces the one before.
      if (isUnreported(this.#memory, report)) this.#schedule.hurry(group.key);
      this.#memory = afterLoss(this.#memory, report);
    } else {
      this.#memory = afterSuccess(this.#memory, report);
    }
    return outcome;
  }

  #groups(): Group[] {
    return groupsOf(
      this.#sources.filter(({ name }) => this.#active.has(name)),
      this.#intervalMs,
    );
  }

  #isStopped(): boolean {
    return this.#state === "stopped";
  }

  #ruleOf(attribute: string): DeadbandRule {
    const rule = this.#ownRules.get(attribute) ?? this.#sourceRules.get(attribute);
    if (rule === undefined) throw new Error(`there is no attribute ${attribute}`);
    return rule;
  }
}

/** Whether a message never arrives. A `kept` one does, and a `sent` one may. */
function isLost({ kind }: Outcome): boolean {
  return kind !== "sent" && kind !== "delivered" && kind !== "kept";
}

/** Forgets sources that were inactive: what they reported before is out of date. */
function without(memory: ReportMemory, sources: readonly ReportedSource[]): ReportMemory {
  const names = new Set(sources.flatMap(({ source }) => source.attributes.map(({ name }) => name)));
  return new Map([...memory].filter(([attribute]) => !names.has(attribute)));
}

/** Sources that are measured together: they have the same interval and delivery. */
export interface Group extends StateSeries {
  /** The same for the same interval and delivery. */
  key: string;
  intervalMs: number;
  sources: readonly ReportedSource[];
}

function groupsOf(sources: readonly ReportedSource[], deviceIntervalMs: number): Group[] {
  const groups = new Map<string, Group & { sources: ReportedSource[] }>();
  for (const source of sources) {
    const { delivery, everyMs } = source;
    const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
    const intervalMs = everyMs ?? deviceIntervalMs;
    const key = `${delivery.class} ${ttlMs} ${intervalMs}`;
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { key, delivery, everyMs, intervalMs, sources: [source] });
    } else {
      group.sources.push(source);
      if (everyMs === null) group.everyMs = null;
    }
  }
  return [...groups.values()];
}
