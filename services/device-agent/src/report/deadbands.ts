import { Refusal } from "../commands/command.ts";
import { type Deadband, type DeadbandRule, deadbandRule } from "./deadband.ts";
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
