import { z } from "zod";

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
