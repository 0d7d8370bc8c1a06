import type { Claim } from "./case.ts";
import type { CaseResult } from "./run-cases.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** What became of a claim: its value over the rounds, `null` where it could not be measured. */
export interface Verdict {
  claim: Claim;
  spread: Spread | null;
  /** `null` where it could not be measured. */
  isMet: boolean | null;
}

/** Judges each claim of a case by the median of what the rounds say. */
export function judge({ case: { claims }, figures }: CaseResult): Verdict[] {
  const rounds = Math.max(0, ...[...figures.values()].map(({ length }) => length));
  return claims.map((claim) => {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const value = claim.of((name) => figures.get(name)?.[round] ?? {});
      if (value !== undefined && Number.isFinite(value)) values.push(value);
    }
    const spread = spreadOf(values);
    return { claim, spread, isMet: spread === null ? null : meets(spread.median, claim.target) };
  });
}

function meets(value: number, target: Claim["target"]): boolean {
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}
