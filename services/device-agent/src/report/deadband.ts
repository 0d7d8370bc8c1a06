import { z } from "zod";

/** A change too small to report: of so many units, or of such a share of the value reported last. */
export type Deadband =
  | { kind: "absolute"; width: number }
  /** 0.05 is five percent. */
  | { kind: "relative"; share: number };

/** When a value is reported. */
export interface DeadbandRule {
  /** `null` reports each value. */
  deadband: Deadband | null;
  /** After so many milliseconds without a report the value is reported all the same. */
  maxSilenceMs: number;
}

/** What a rule must be that a command sets, and that is kept. */
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

/** Whether a value is to be reported, after the one that was reported last. A change as large as the deadband is not. */
export function isDue(
  value: number,
  last: Reported | null,
  rule: DeadbandRule,
  nowMs: number,
): boolean {
  if (last === null || rule.deadband === null) return true;
  if (nowMs - last.atMs >= rule.maxSilenceMs) return true;
  const change = Math.abs(value - last.value);
  const { deadband } = rule;
  return deadband.kind === "absolute"
    ? change > deadband.width
    : change > deadband.share * Math.abs(last.value);
}
