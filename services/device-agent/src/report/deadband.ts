import { z } from "zod";
import { Refusal } from "../commands/command.ts";
import type { ReportedSource } from "./reporter.ts";

/** The rule of each attribute: its own, or that of its source. */
export interface Deadbands {
  /** @throws Refusal for an attribute that there is not. */
  ruleOf(attribute: string): DeadbandRule;
  /** @throws Refusal for an attribute that there is not, or a rule that is none: a command may say anything. */
  set(attribute: string, deadband: Deadband | null, maxSilenceMs?: number): void;
  /** Those that attributes have of their own. */
  own(): Readonly<Record<string, DeadbandRule>>;
}

export function createDeadbands(
  sources: readonly ReportedSource[],
  rules: Readonly<Record<string, DeadbandRule>>,
): Deadbands {
  const own = new Map(Object.entries(rules));
  const ofSource = new Map(
    sources.flatMap(({ source, rule }) => source.attributes.map(({ name }) => [name, rule])),
  );

  function ruleOf(attribute: string): DeadbandRule {
    const inherited = ofSource.get(attribute);
    if (inherited === undefined) {
      const names = [...ofSource.keys()].join(", ");
      throw new Refusal(
        `there is no attribute ${JSON.stringify(attribute)}; the attributes are: ${names}`,
      );
    }
    return own.get(attribute) ?? inherited;
  }

  return {
    ruleOf,
    set: (attribute, deadband, maxSilenceMs = ruleOf(attribute).maxSilenceMs) => {
      ruleOf(attribute);
      const rule = deadbandRule.safeParse({ deadband, maxSilenceMs });
      if (!rule.success) {
        throw new Refusal(
          `the deadband of ${attribute} must be a width or a share of 0 or more, and its silence whole milliseconds`,
        );
      }
      own.set(attribute, rule.data);
    },
    own: () => Object.fromEntries(own),
  };
}

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
