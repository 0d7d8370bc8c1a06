import type { DeviceState } from "@weir/protocol";
import { z } from "zod";
import type { Sample } from "../sources/source.ts";

/** A change too small to report: an absolute width, or a share of the value reported last. */
export type Deadband =
  | { kind: "absolute"; width: number }
  /** 0.05 is five percent. */
  | { kind: "relative"; share: number };

/** When a value is reported. */
export interface DeadbandRule {
  /** `null` reports each value. */
  deadband: Deadband | null;
  /** After so many milliseconds without a report the value is reported, even within its deadband. */
  maxSilenceMs: number;
}

const PERCENTAGE = /^(100(\.0{1,15})?|\d{1,2}(\.\d{1,15})?)\s?%$/;
const SHARE_WORDS = 'it must be a share from 0 to 1, or a percentage: 0.05, "5%"';

/** A share as users write it; read as a number. */
export const writtenShare = z
  .union(
    [
      z.number(SHARE_WORDS).min(0, SHARE_WORDS).max(1, SHARE_WORDS),
      z.string(SHARE_WORDS).regex(PERCENTAGE, SHARE_WORDS),
    ],
    SHARE_WORDS,
  )
  .transform((given) => (typeof given === "number" ? given : Number.parseFloat(given) / 100));

/** A valid rule: what a command may set, and what the memory may hold. */
export const deadbandRule: z.ZodType<DeadbandRule> = z.object({
  deadband: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("absolute"), width: z.number().nonnegative() }),
      z.object({ kind: z.literal("relative"), share: z.number().nonnegative() }),
    ])
    .nullable(),
  maxSilenceMs: z.int().positive(),
});

/** A value as it was reported last. */
export interface Reported {
  value: number;
  /** On the monotonic clock. */
  atMs: number;
}

/** Whether to report a value after the one reported last. A change as large as the deadband is not reported. */
export function isDue(
  value: number,
  last: Reported | null,
  { deadband, maxSilenceMs }: DeadbandRule,
  nowMs: number,
): boolean {
  if (last === null || deadband === null) return true;
  if (nowMs - last.atMs >= maxSilenceMs) return true;
  const change = Math.abs(value - last.value);
  return deadband.kind === "absolute"
    ? change > deadband.width
    : change > deadband.share * Math.abs(last.value);
}

/** Reports that are missing in a row before a value is stale. */
const MISSING_REPORTS = 3;

/** After how long without a report a value is stale. A deadband may keep it silent for longer than its interval. */
export function staleAfterMs({ deadband, maxSilenceMs }: DeadbandRule, intervalMs: number): number {
  return MISSING_REPORTS * ((deadband === null ? 0 : maxSilenceMs) + intervalMs);
}

/** The reports of one attribute. */
interface AttributeMemory {
  /** As it was reported last; `null` when it never was, or when that report was lost. */
  last: Reported | null;
  /** Samples within the deadband since then. */
  suppressed: number;
  /** Whether the outcome of the last report is still open. */
  isPending: boolean;
}

const NEVER: AttributeMemory = { last: null, suppressed: 0, isPending: false };

/** When and how a sample was taken. */
interface Moment {
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

/** What a device has reported of each attribute. */
export class ReportMemory {
  #attributes = new Map<string, AttributeMemory>();

  /** The report of the values that are due; `null` for none. They count as reported until `lost`. */
  report(sample: Sample, moment: Moment): Report | null {
    const due = this.#due(sample, moment);
    const values = new Map<string, Reported>();
    const suppressed: [string, number][] = [];
    for (const [attribute, value] of Object.entries(sample)) {
      const before = this.#of(attribute);
      if (!due.has(attribute)) {
        this.#attributes.set(attribute, { ...before, suppressed: before.suppressed + 1 });
        continue;
      }
      const last = { value, atMs: moment.nowMs };
      values.set(attribute, last);
      this.#attributes.set(attribute, { last, suppressed: 0, isPending: true });
      if (before.suppressed > 0) suppressed.push([attribute, before.suppressed]);
    }
    if (values.size === 0) return null;
    for (const attribute of moment.stale) {
      // Readers no longer show a stale value, so its next sample is due, even within its deadband.
      this.#attributes.set(attribute, { ...this.#of(attribute), last: null });
    }
    const state: DeviceState = {
      data: Object.fromEntries([...values].map(([attribute, { value }]) => [attribute, value])),
      time: moment.time,
      ...(suppressed.length === 0 ? {} : { suppressed: Object.fromEntries(suppressed) }),
      interval: moment.intervalMs / 1_000,
      ...(moment.stale.length === 0 ? {} : { stale: moment.stale }),
    };
    return { state, values };
  }

  sent({ values }: Report): void {
    for (const [attribute, value] of values) {
      const known = this.#of(attribute);
      if (known.last === value) this.#attributes.set(attribute, { ...known, isPending: false });
    }
  }

  /**
   * The next sample of each attribute of a lost report is due, unless a newer report has the attribute. Its
   * counts of suppressed samples go into the next report.
   *
   * @returns whether no newer report has all of its values.
   */
  lost({ state, values }: Report): boolean {
    const unreported = new Map(Object.entries(state.suppressed ?? {}));
    let isUnreported = false;
    for (const [attribute, value] of values) {
      const known = this.#attributes.get(attribute);
      if (known === undefined) continue;
      const suppressed = known.suppressed + (unreported.get(attribute) ?? 0);
      const isNewest = known.last === value;
      isUnreported ||= isNewest;
      const { last, isPending } = isNewest ? NEVER : known;
      this.#attributes.set(attribute, { last, suppressed, isPending });
    }
    return isUnreported;
  }

  /** For attributes whose reports are out of date. */
  forget(attributes: readonly string[]): void {
    for (const attribute of attributes) this.#attributes.delete(attribute);
  }

  #of(attribute: string): AttributeMemory {
    return this.#attributes.get(attribute) ?? NEVER;
  }

  #due(sample: Sample, { nowMs, isForced, replacesEarlier, ruleOf }: Moment): Set<string> {
    const due = Object.entries(sample)
      .filter(([name, value]) => isForced || isDue(value, this.#of(name).last, ruleOf(name), nowMs))
      .map(([name]) => name);
    if (due.length === 0 || !replacesEarlier) return new Set(due);
    return new Set([...due, ...Object.keys(sample).filter((name) => this.#of(name).isPending)]);
  }
}
