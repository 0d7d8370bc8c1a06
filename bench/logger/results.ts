import type { FigureName, Figures } from "./case.ts";
import { judge } from "./judge.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./options.ts";
import type { CaseResult } from "./run-cases.ts";

/** What the results file holds: every figure of every round, and what became of each claim. */
export interface Results {
  startedAt: string;
  endedAt: string;
  machine: Machine;
  options: Options;
  cases: {
    name: string;
    title: string;
    contenders: Record<string, readonly Partial<Record<FigureName, number>>[]>;
    skipped: Record<string, string>;
    failures: string[];
  }[];
  claims: {
    text: string;
    target: { atLeast: number } | { atMost: number };
    median: number | null;
    min: number | null;
    max: number | null;
    isMet: boolean | null;
  }[];
}

export function resultsOf(run: {
  startedAt: string;
  machine: Machine;
  options: Options;
  results: readonly CaseResult[];
}): Results {
  const { startedAt, machine, options, results } = run;
  return {
    startedAt,
    endedAt: new Date().toISOString(),
    machine,
    options,
    cases: results.map(({ case: { name, title }, figures, skipped, failures }) => ({
      name,
      title,
      contenders: Object.fromEntries<readonly Figures[]>(figures),
      skipped: Object.fromEntries(skipped),
      failures,
    })),
    claims: results.flatMap(judge).map(({ claim: { text, target }, spread, isMet }) => ({
      text,
      target,
      median: spread?.median ?? null,
      min: spread?.min ?? null,
      max: spread?.max ?? null,
      isMet,
    })),
  };
}
