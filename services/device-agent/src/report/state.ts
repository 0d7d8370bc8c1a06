import type { DeviceState } from "@weir/protocol";
import type { Sample } from "../sources/source.ts";
import { type DeadbandRule, isDue, type Reported } from "./deadband.ts";

/** What is known of the reports of one attribute. */
interface AttributeMemory {
  /** As it was reported last; `null` when it never was, or when that report was lost. */
  last: Reported | null;
  /** Samples within the deadband since then. */
  suppressed: number;
  /** Whether the outcome of the last report is still open. */
  isPending: boolean;
}

/** By attribute. Immutable: each step returns a new one. */
export type ReportMemory = ReadonlyMap<string, AttributeMemory>;

/** When and how a sample was taken. */
export interface Moment {
  /** On the monotonic clock. */
  nowMs: number;
  /** Epoch milliseconds. */
  time: number;
  intervalMs: number;
  /** Reports everything, whatever the deadbands say. */
  isForced: boolean;
  /** A message replaces the one before, which may still wait: then the new one repeats its values. */
  replacesEarlier: boolean;
  ruleOf: (attribute: string) => DeadbandRule;
  /** Attributes to report as stale. */
  stale: readonly string[];
}

/** A state to send, and its values as they are remembered. */
export interface Report {
  state: DeviceState;
  values: ReadonlyMap<string, Reported>;
}

const NEVER: AttributeMemory = { last: null, suppressed: 0, isPending: false };

/**
 * Decides which values of a sample to report. They count as reported until `afterLoss`.
 *
 * @returns a report of `null` when nothing is due.
 */
export function decide(
  sample: Sample,
  memory: ReportMemory,
  moment: Moment,
): { report: Report | null; memory: ReportMemory } {
  const due = dueOf(sample, memory, moment);
  const next = new Map(memory);
  const values = new Map<string, Reported>();
  const suppressed: [string, number][] = [];
  for (const [attribute, value] of Object.entries(sample)) {
    const before = memory.get(attribute) ?? NEVER;
    if (!due.has(attribute)) {
      next.set(attribute, { ...before, suppressed: before.suppressed + 1 });
      continue;
    }
    const last = { value, atMs: moment.nowMs };
    values.set(attribute, last);
    next.set(attribute, { last, suppressed: 0, isPending: true });
    if (before.suppressed > 0) suppressed.push([attribute, before.suppressed]);
  }
  if (values.size === 0) return { report: null, memory: next };
  for (const attribute of moment.stale) {
    // Readers no longer show a stale value, so its next sample is due, even within its deadband.
    next.set(attribute, { ...(next.get(attribute) ?? NEVER), last: null });
  }
  const state: DeviceState = {
    data: Object.fromEntries([...values].map(([attribute, { value }]) => [attribute, value])),
    time: moment.time,
    ...(suppressed.length === 0 ? {} : { suppressed: Object.fromEntries(suppressed) }),
    interval: moment.intervalMs / 1_000,
    ...(moment.stale.length === 0 ? {} : { stale: moment.stale }),
  };
  return { report: { state, values }, memory: next };
}

function dueOf(sample: Sample, memory: ReportMemory, moment: Moment): Set<string> {
  const { nowMs, isForced, replacesEarlier, ruleOf } = moment;
  const due = new Set<string>();
  for (const [attribute, value] of Object.entries(sample)) {
    const last = memory.get(attribute)?.last ?? null;
    if (isForced || isDue(value, last, ruleOf(attribute), nowMs)) due.add(attribute);
  }
  if (due.size === 0 || !replacesEarlier) return due;
  const replaced = Object.keys(sample).filter((attribute) => memory.get(attribute)?.isPending);
  return due.union(new Set(replaced));
}

/** The memory after a report was sent. */
export function afterSuccess(memory: ReportMemory, { values }: Report): ReportMemory {
  const next = new Map(memory);
  for (const [attribute, value] of values) {
    const known = memory.get(attribute);
    if (known?.last === value) next.set(attribute, { ...known, isPending: false });
  }
  return next;
}

/** Whether no newer report has all values of a lost one. */
export function isUnreported(memory: ReportMemory, { values }: Report): boolean {
  return [...values].some(([attribute, value]) => memory.get(attribute)?.last === value);
}

/**
 * The memory after a report was lost. The next sample of each of its attributes is due, unless a newer
 * report has the attribute, and its counts of suppressed samples go into the next report.
 */
export function afterLoss(memory: ReportMemory, { state, values }: Report): ReportMemory {
  const next = new Map(memory);
  const unreported = new Map(Object.entries(state.suppressed ?? {}));
  for (const [attribute, value] of values) {
    const known = memory.get(attribute);
    if (known === undefined) continue;
    const suppressed = known.suppressed + (unreported.get(attribute) ?? 0);
    next.set(
      attribute,
      known.last === value
        ? { last: null, suppressed, isPending: false }
        : { ...known, suppressed },
    );
  }
  return next;
}
