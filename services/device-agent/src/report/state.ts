import type { DeviceState } from "@weir/protocol";
import type { Sample } from "../sources/source.ts";
import { type DeadbandRule, isDue, type Reported } from "./deadband.ts";

/** What is remembered of one attribute. */
interface Remembrance {
  /** As it was reported last; `null` when it never was, or when that report was lost. */
  last: Reported | null;
  /** Samples that a deadband has kept back since then. */
  suppressed: number;
  /** Whether nobody knows yet what becomes of the last report. */
  isUnsettled: boolean;
}

/** By attribute. It is replaced, never changed. */
export type ReportMemory = ReadonlyMap<string, Remembrance>;

/** When and how a sample was taken. */
export interface Moment {
  /** On the monotonic clock. */
  nowMs: number;
  /** Epoch milliseconds. */
  time: number;
  intervalMs: number;
  /** Reports everything, whatever the deadbands say. */
  isForced: boolean;
  /** A message takes the place of the one before, which may still wait: what that one told goes along. */
  replacesEarlier: boolean;
  ruleOf: (attribute: string) => DeadbandRule;
  /** Attributes that are told to be stale. */
  stale: readonly string[];
}

/** A state that goes out, and how its values are remembered. */
export interface Report {
  state: DeviceState;
  values: ReadonlyMap<string, Reported>;
}

/** What follows from a sample. */
export interface Decision {
  /** `null` when nothing is due: then no message goes out. */
  report: Report | null;
  memory: ReportMemory;
}

const NEVER: Remembrance = { last: null, suppressed: 0, isUnsettled: false };

/** Decides what of a sample is reported. What is, counts as reported until `afterLoss`. */
export function decide(sample: Sample, memory: ReportMemory, moment: Moment): Decision {
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
    next.set(attribute, { last, suppressed: 0, isUnsettled: true });
    if (before.suppressed > 0) suppressed.push([attribute, before.suppressed]);
  }
  if (values.size === 0) return { report: null, memory: next };
  for (const attribute of moment.stale) {
    // Whoever reads this shows it no longer, so its next sample is due whatever its deadband says.
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
  const replaced = Object.keys(sample).filter((attribute) => memory.get(attribute)?.isUnsettled);
  return due.union(new Set(replaced));
}

/** After a report has left. */
export function afterSuccess(memory: ReportMemory, { values }: Report): ReportMemory {
  const next = new Map(memory);
  for (const [attribute, value] of values) {
    const known = memory.get(attribute);
    if (known?.last === value) next.set(attribute, { ...known, isUnsettled: false });
  }
  return next;
}

/** Whether something that a lost report told is told by no newer one. */
export function isUntold(memory: ReportMemory, { values }: Report): boolean {
  return [...values].some(([attribute, value]) => memory.get(attribute)?.last === value);
}

/**
 * After a report was lost: what it told was not reported. The next sample of each attribute is due then,
 * unless a newer report has told it, and the samples that were kept back before are still to be told.
 */
export function afterLoss(memory: ReportMemory, { state, values }: Report): ReportMemory {
  const next = new Map(memory);
  const untold = new Map(Object.entries(state.suppressed ?? {}));
  for (const [attribute, value] of values) {
    const known = memory.get(attribute);
    if (known === undefined) continue;
    const suppressed = known.suppressed + (untold.get(attribute) ?? 0);
    next.set(
      attribute,
      known.last === value
        ? { last: null, suppressed, isUnsettled: false }
        : { ...known, suppressed },
    );
  }
  return next;
}
