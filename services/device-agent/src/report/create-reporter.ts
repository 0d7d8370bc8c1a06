import type { Outcome } from "@weir/delivery";
import { errorMessage } from "@weir/fault";
import { Refusal } from "../commands/command.ts";
import type { Sample } from "../sources/source.ts";
import { createDeadbands } from "./deadbands.ts";
import { createFreshness } from "./freshness.ts";
import { type Group, groupsOf } from "./groups.ts";
import { createMeter } from "./meter.ts";
import type { ReportedSource, Reporter, ReporterOptions } from "./reporter.ts";
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
