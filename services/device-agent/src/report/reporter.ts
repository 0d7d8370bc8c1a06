import { EVENT_TTL_MS, type KindSettings, type Outcome } from "@weir/delivery";
import type { DeviceState } from "@weir/protocol";
import { type Clock, errorMessage } from "@weir/runtime";
import { Refusal } from "../commands/command.ts";
import type { DeviceLog } from "../device/delivery.ts";
import type { Sample, Source } from "../sources/source.ts";
import { createDeadbands, type Deadband, type DeadbandRule } from "./deadband.ts";
import { createFreshness, createMeter } from "./meter.ts";
import { createSchedule } from "./schedule.ts";
import {
  afterLoss,
  afterSuccess,
  decide,
  isUntold,
  type Report,
  type ReportMemory,
} from "./state.ts";

/** A measurement takes no longer than its interval, and never longer than this. */
const TIMEOUT_MS_MAX = 30_000;

export function createReporter(options: ReporterOptions): Reporter {
  const { sources, send, log, clock } = options;
  const deadbands = createDeadbands(sources, options.rules);
  const freshness = createFreshness(sources, deadbands.ruleOf);
  const meter = createMeter({ sources, log, clock });
  const schedule = createSchedule({
    turn: async (group) => {
      const report = await measure(group, { isForced: false });
      // What becomes of it may take days to be known.
      if (report !== null) void tell(group, report);
    },
    clock,
  });
  let active = new Set(sources.filter(({ isActive }) => isActive).map(({ name }) => name));
  let { intervalMs } = options;
  let memory: ReportMemory = new Map();
  let state: "made" | "running" | "stopped" = "made";

  freshness.begin(
    sources.filter(({ isActive }) => isActive),
    clock.monotonic(),
  );

  const groups = (): Group[] =>
    groupsOf(
      sources.filter(({ name }) => active.has(name)),
      intervalMs,
    );

  async function measure(group: Group, how: { isForced: boolean }): Promise<Report | null> {
    const at = { nowMs: clock.monotonic(), time: clock.now() };
    const timeoutMs = Math.min(group.intervalMs, TIMEOUT_MS_MAX);
    const measured = await Promise.all(
      group.sources.map(async (source) => ({
        name: source.name,
        sample: await meter.measure(source, timeoutMs),
      })),
    );
    if (state === "stopped") return null;
    // One may have been switched off meanwhile.
    const wanted = measured.filter(({ name }) => active.has(name));
    const sample: Sample = Object.fromEntries(
      wanted.flatMap((one) => Object.entries(one.sample ?? {})),
    );
    freshness.measured(sample, at.nowMs);
    const replacesEarlier = group.delivery.class === "telemetry";
    const decision = decide(sample, memory, {
      ...at,
      ...how,
      intervalMs,
      replacesEarlier,
      // A state of another class may come so late that this is not true any more.
      stale: replacesEarlier ? freshness.stale(intervalMs, at.nowMs) : [],
      ruleOf: deadbands.ruleOf,
    });
    memory = decision.memory;
    return decision.report;
  }

  async function tell(group: Group, report: Report): Promise<Outcome> {
    const outcome = await send(group, report.state).catch((error: unknown): Outcome => {
      log.error(`a state cannot be handed over: ${errorMessage(error)}`);
      return { kind: "dropped", reason: errorMessage(error) };
    });
    if (isLost(outcome)) {
      // What a newer one tells wants no hurry: in an outage each one takes the place of the one before.
      if (isUntold(memory, report)) schedule.hurry(group.key);
      memory = afterLoss(memory, report);
    } else {
      memory = afterSuccess(memory, report);
    }
    return outcome;
  }

  return {
    start: () => {
      if (state !== "made") return;
      state = "running";
      schedule.set(groups(), { anew: () => false, atOnce: () => true });
    },
    setIntervalMs: (next) => {
      intervalMs = next;
      freshness.renew(clock.monotonic());
      if (state !== "running") return;
      schedule.set(groups(), { anew: ({ followsDevice }) => followsDevice, atOnce: () => false });
    },
    setActiveSources: (names) => {
      checkNames(names, sources);
      const added = sources.filter(({ name }) => names.includes(name) && !active.has(name));
      active = new Set(names);
      memory = without(memory, added);
      freshness.begin(added, clock.monotonic());
      if (state !== "running") return;
      const atOnce = (group: Group) => group.sources.some((source) => added.includes(source));
      schedule.set(groups(), { anew: () => false, atOnce });
    },
    setDeadband: (...given) => {
      deadbands.set(...given);
      freshness.renew(clock.monotonic());
    },
    reportNow: async () => {
      const outcomes = groups().map(async (group) => {
        const report = await measure(group, { isForced: true });
        return report === null ? null : await tell(group, report);
      });
      return (await Promise.all(outcomes)).filter((outcome) => outcome !== null);
    },
    intervalMs: () => intervalMs,
    isActive: (name) => active.has(name),
    rules: deadbands.own,
    [Symbol.asyncDispose]: async () => {
      if (state === "stopped") return;
      state = "stopped";
      schedule[Symbol.dispose]();
      await meter[Symbol.asyncDispose]();
    },
  };
}

/** Whether a message never arrives. One that is kept on disk does, and one that has merely left may. */
function isLost({ kind }: Outcome): boolean {
  return kind !== "sent" && kind !== "delivered" && kind !== "kept";
}

/** What a source reported before it was switched off says nothing about now. */
function without(memory: ReportMemory, sources: readonly ReportedSource[]): ReportMemory {
  const names = new Set(sources.flatMap(({ source }) => source.attributes.map(({ name }) => name)));
  return new Map([...memory].filter(([attribute]) => !names.has(attribute)));
}

function checkNames(names: readonly string[], sources: readonly ReportedSource[]): void {
  const known = sources.map(({ name }) => name);
  if (names.length === 0) throw new Refusal("at least one source is active");
  const missing = names.find((name) => !known.includes(name));
  if (missing === undefined) return;
  throw new Refusal(
    `there is no source ${JSON.stringify(missing)}; the sources are: ${known.join(", ")}`,
  );
}

/** A source that is open, and how it is reported. */
export interface ReportedSource {
  /** Its name in the configuration. */
  name: string;
  source: Source;
  isActive: boolean;
  /** Of its own, in milliseconds; `null` follows the device's interval. */
  everyMs: number | null;
  delivery: KindSettings;
  /** For each of its attributes, unless that has one of its own. */
  rule: DeadbandRule;
}

/** States of which the next one replaces the one before: delivered alike, and due at the same times. */
export interface StateSeries {
  delivery: KindSettings;
  /** `null` follows the device's interval. */
  everyMs: number | null;
}

interface ReporterOptions {
  sources: readonly ReportedSource[];
  intervalMs: number;
  /** Deadbands of single attributes, as commands have set them. */
  rules: Readonly<Record<string, DeadbandRule>>;
  /** Hands a state to its delivery. What is due at one moment of one series is one state. */
  send: (series: StateSeries, state: DeviceState) => Promise<Outcome>;
  log: DeviceLog;
  clock: Clock;
}

/** Measures each source in its interval and reports what has changed enough; whatever the connection does. */
export interface Reporter extends AsyncDisposable {
  /** The first report is at once. */
  start(): void;
  /** Sets the timers that run anew; the next report comes one interval from now. */
  setIntervalMs(intervalMs: number): void;
  /** @throws Refusal for none, and for a name that there is not. */
  setActiveSources(names: readonly string[]): void;
  /** @throws Refusal for an attribute that there is not, and for a rule that is none. */
  setDeadband(attribute: string, deadband: Deadband | null, maxSilenceMs?: number): void;
  /** Measures and reports all active sources now, whatever their deadbands say. */
  reportNow(): Promise<readonly Outcome[]>;
  intervalMs(): number;
  isActive(name: string): boolean;
  /** The rules that `setDeadband` has set, to be kept. */
  rules(): Readonly<Record<string, DeadbandRule>>;
}

/** Sources that are measured together: they have one interval and one way of delivery. */
export interface Group extends StateSeries {
  /** The same for the same interval and way of delivery. */
  key: string;
  intervalMs: number;
  /** Whether one of them has the device's interval. */
  followsDevice: boolean;
  sources: readonly ReportedSource[];
}

function groupsOf(sources: readonly ReportedSource[], deviceIntervalMs: number): Group[] {
  const gathered = Map.groupBy(sources, (source) => keyOf(source, deviceIntervalMs));
  return [...gathered].map(([key, [first, ...others]]) => {
    // A group has at least the source that it was made for.
    const { delivery, everyMs } = first as ReportedSource;
    const members = [first as ReportedSource, ...others];
    const followsDevice = members.some((source) => source.everyMs === null);
    return {
      key,
      delivery,
      everyMs: followsDevice ? null : everyMs,
      intervalMs: everyMs ?? deviceIntervalMs,
      followsDevice,
      sources: members,
    };
  });
}

function keyOf({ delivery, everyMs }: ReportedSource, deviceIntervalMs: number): string {
  const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
  return `${delivery.class} ${ttlMs} ${everyMs ?? deviceIntervalMs}`;
}
