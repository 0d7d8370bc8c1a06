import type { Outcome } from "@weir/delivery";
import type { DeviceState } from "@weir/protocol";
import { type Clock, errorMessage } from "@weir/runtime";
import type { Sample } from "../sources/source.ts";
import { type DeadbandRule, type Report, ReportMemory, staleAfterMs } from "./deadband.ts";
import type { DeviceLog } from "./log.ts";
import { Meter } from "./meter.ts";
import {
  type Group,
  groupsOf,
  type ReportedSource,
  Schedule,
  type StateSeries,
} from "./schedule.ts";

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
  /** The source of each attribute. */
  #sourceOf: ReadonlyMap<string, ReportedSource>;
  /** The rules that commands have set, by attribute. */
  #ownRules: Map<string, DeadbandRule>;
  /** When each expected attribute was measured last, or began to be expected; on the monotonic clock. */
  #measuredMs = new Map<string, number>();
  #active: Set<string>;
  #intervalMs: number;
  #memory = new ReportMemory();
  #state: "created" | "running" | "stopped" = "created";

  constructor({ sources, intervalMs, rules, send, log, clock }: ReporterOptions) {
    this.#sources = sources;
    this.#send = send;
    this.#log = log;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#ownRules = new Map(Object.entries(rules));
    this.#sourceOf = new Map(
      sources.flatMap((one) => attributesOf([one]).map((attribute) => [attribute, one])),
    );
    const active = sources.filter(({ isActive }) => isActive);
    this.#active = new Set(active.map(({ name }) => name));
    this.#meter = new Meter(sources, log, clock);
    this.#expect(attributesOf(active));
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
    this.#expect([...this.#measuredMs.keys()]);
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
    // What they reported before they were inactive is out of date.
    this.#memory.forget(attributesOf(added));
    this.#expect(attributesOf(added));
    if (this.#state !== "running") return;
    const isNow = ({ sources }: Group) => sources.some((source) => added.includes(source));
    this.#schedule.set(this.#groups(), { isNow });
  }

  /** The rules that `setRule` has set, to be kept. */
  rules(): Readonly<Record<string, DeadbandRule>> {
    return Object.fromEntries(this.#ownRules);
  }

  /** @throws Error for an unknown attribute. */
  ruleOf(attribute: string): DeadbandRule {
    const source = this.#sourceOf.get(attribute);
    if (source === undefined) throw new Error(`there is no attribute ${attribute}`);
    return this.#ownRules.get(attribute) ?? source.rule;
  }

  setRule(attribute: string, rule: DeadbandRule): void {
    this.#ownRules.set(attribute, rule);
    this.#expect([...this.#measuredMs.keys()]);
  }

  /** After how long without a report a value is stale. */
  staleAfterMs(attribute: string): number {
    const intervalMs = this.#sourceOf.get(attribute)?.everyMs ?? this.#intervalMs;
    return staleAfterMs(this.ruleOf(attribute), intervalMs);
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
    this.#expect(Object.keys(sample), at.nowMs);
    const replacesEarlier = group.delivery.class === "telemetry";
    return this.#memory.report(sample, {
      ...at,
      isForced,
      intervalMs: this.#intervalMs,
      replacesEarlier,
      // A state of another class may arrive when this is no longer true.
      stale: replacesEarlier ? this.#stale(at.nowMs) : [],
      ruleOf: (attribute) => this.ruleOf(attribute),
    });
  }

  async #deliver(group: Group, report: Report): Promise<Outcome> {
    const outcome = await this.#send(group, report.state).catch((error: unknown): Outcome => {
      this.#log.error(`a state cannot be sent: ${errorMessage(error)}`);
      return { kind: "dropped", reason: errorMessage(error) };
    });
    if (isLost(outcome)) {
      // No hurry if a newer state has these values: in an outage each state replaces the one before.
      if (this.#memory.lost(report)) this.#schedule.hurry(group.key);
    } else {
      this.#memory.sent(report);
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

  #expect(attributes: readonly string[], nowMs = this.#clock.monotonic()): void {
    for (const attribute of attributes) this.#measuredMs.set(attribute, nowMs);
  }

  /** Expected attributes that have not been measured for too long. */
  #stale(nowMs: number): readonly string[] {
    return [...this.#measuredMs]
      .filter(([attribute, sinceMs]) => nowMs - sinceMs >= this.staleAfterMs(attribute))
      .map(([attribute]) => attribute);
  }
}

function attributesOf(sources: readonly ReportedSource[]): string[] {
  return sources.flatMap(({ source }) => source.attributes.map(({ name }) => name));
}

/** Whether a message never arrives. A `kept` one does, and a `sent` one may. */
function isLost({ kind }: Outcome): boolean {
  return kind !== "sent" && kind !== "delivered" && kind !== "kept";
}
