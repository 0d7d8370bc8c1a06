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

/** Judges each claim of a case by the median of what the rounds say, or by the worst where it says so. */
export function judge({ case: { claims }, figures }: CaseResult): Verdict[] {
  const rounds = Math.max(0, ...[...figures.values()].map(({ length }) => length));
  return claims.map((claim) => {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const value = claim.of((name) => figures.get(name)?.[round] ?? {});
      if (value !== undefined && Number.isFinite(value)) values.push(value);
    }
    const spread = spreadOf(values);
    return { claim, spread, isMet: spread === null ? null : isMet(claim, spread) };
  });
}

function isMet({ target, inEachRound = false }: Claim, { median, min, max }: Spread): boolean {
  return "atLeast" in target
    ? (inEachRound ? min : median) >= target.atLeast
    : (inEachRound ? max : median) <= target.atMost;
}
