import type { Sample } from "../sources/source.ts";
import type { DeadbandRule } from "./deadband.ts";
import type { ReportedSource } from "./reporter.ts";

/** So many reports in a row have to be missing before a value counts as gone. */
const MISSING_REPORTS = 3;

/** After how long without a report a value says nothing about now. One that a deadband keeps back is silent for longer than its interval. */
export function staleAfterMs({ deadband, maxSilenceMs }: DeadbandRule, intervalMs: number): number {
  return MISSING_REPORTS * ((deadband === null ? 0 : maxSilenceMs) + intervalMs);
}

/** Knows since when attributes are not measured any more. All times are of the monotonic clock. */
export interface Freshness {
  measured(sample: Sample, nowMs: number): void;
  /** These are to be measured from now on. */
  begin(sources: readonly ReportedSource[], nowMs: number): void;
  /** What is expected of attributes has changed: they are given their time anew. */
  renew(nowMs: number): void;
  /** Attributes that were to be measured, and have not been for too long. */
  stale(intervalMs: number, nowMs: number): readonly string[];
}

export function createFreshness(
  sources: readonly ReportedSource[],
  ruleOf: (attribute: string) => DeadbandRule,
): Freshness {
  const sinceMs = new Map<string, number>();
  const everyMsOf = new Map(
    sources.flatMap(({ source, everyMs }) => source.attributes.map(({ name }) => [name, everyMs])),
  );
  return {
    measured: (sample, nowMs) => {
      for (const attribute of Object.keys(sample)) sinceMs.set(attribute, nowMs);
    },
    begin: (begun, nowMs) => {
      for (const { name } of begun.flatMap(({ source }) => source.attributes)) {
        sinceMs.set(name, nowMs);
      }
    },
    renew: (nowMs) => {
      for (const attribute of sinceMs.keys()) sinceMs.set(attribute, nowMs);
    },
    stale: (intervalMs, nowMs) =>
      [...sinceMs]
        .filter(([attribute, since]) => {
          const everyMs = everyMsOf.get(attribute) ?? intervalMs;
          return nowMs - since >= staleAfterMs(ruleOf(attribute), everyMs);
        })
        .map(([attribute]) => attribute),
  };
}
