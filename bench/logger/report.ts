import Table from "cli-table3";
import {
  type CaseResult,
  type Claim,
  evaluate,
  type FigureName,
  type Figures,
  spreadOf,
  type Verdict,
} from "./comparison.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./main.ts";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

const textOf = (value: number): string => (value >= 1_000 ? whole : decimal).format(value);

/** How each figure is headed and written, in the order of the columns. */
const FIGURES: Readonly<Record<FigureName, { title: string; text(value: number): string }>> = {
  perSecond: { title: "messages/s", text: whole.format },
  cpuUs: { title: "CPU µs/message", text: decimal.format },
  brokerCpuUs: { title: "source's CPU", text: decimal.format },
  lost: { title: "missing", text: whole.format },
  p50Ms: { title: "PUBACK p50 ms", text: decimal.format },
  p99Ms: { title: "p99 ms", text: decimal.format },
  p999Ms: { title: "p99.9 ms", text: decimal.format },
  maxMs: { title: "max ms", text: decimal.format },
  rssMegabytes: { title: "RSS MB", text: decimal.format },
  growth: { title: "growth", text: decimal.format },
};

/** One case: a line for each contender, its figures as median (least to most). */
export function renderCase(result: CaseResult): string {
  const names = columnsOf(result);
  const table = new Table({
    head: [result.case.title, ...names.map((name) => FIGURES[name].title)],
    colAligns: ["left", ...names.map(() => "right" as const)],
    style: { head: [], border: [] },
  });
  for (const [contender, rounds] of result.figures) {
    table.push([
      contender,
      ...names.map((name) => {
        const spread = spreadOf(rounds.flatMap((figures) => figures[name] ?? []));
        if (spread === null) return "-";
        const { text } = FIGURES[name];
        const [median, min, max] = [text(spread.median), text(spread.min), text(spread.max)];
        return min === max ? median : `${median} (${min} to ${max})`;
      }),
    ]);
  }
  const skipped = [...result.skipped].map(([name, problem]) => `SKIPPED ${name}: ${problem}`);
  const failed = result.failures.map((failure) => `FAILED ${failure}`);
  return [table.toString(), ...skipped, ...failed].join("\n");
}

/** Every claim with its target, and whether it is met. */
export function renderVerdicts(results: readonly CaseResult[]): string {
  const table = new Table({
    head: ["", "median", "least to most", "target", ""],
    colAligns: ["left", "right", "right", "right", "left"],
    style: { head: [], border: [] },
  });
  for (const verdict of results.flatMap(evaluate)) table.push(lineOf(verdict));
  return table.toString();
}

function lineOf({ claim, spread, isMet }: Verdict): string[] {
  const target = targetOf(claim);
  if (spread === null) return [claim.text, "-", "-", target, "not measured"];
  const { median, min, max } = spread;
  const range = min === max ? "" : `${textOf(min)} to ${textOf(max)}`;
  return [claim.text, textOf(median), range, target, isMet === true ? "met" : "NOT MET"];
}

function targetOf({ target }: Claim): string {
  return "atLeast" in target ? `≥ ${textOf(target.atLeast)}` : `≤ ${textOf(target.atMost)}`;
}

function columnsOf({ figures }: CaseResult): FigureName[] {
  const seen = new Set([...figures.values()].flat().flatMap(Object.keys));
  // The keys of FIGURES are its names.
  return (Object.keys(FIGURES) as FigureName[]).filter((name) => seen.has(name));
}

/** The content of the results file: every figure of every round, and the result of each claim. */
export function resultsOf(run: {
  startedAt: string;
  machine: Machine;
  options: Options;
  results: readonly CaseResult[];
}) {
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
    claims: results.flatMap(evaluate).map(({ claim: { text, target }, spread, isMet }) => ({
      text,
      target,
      median: spread?.median ?? null,
      min: spread?.min ?? null,
      max: spread?.max ?? null,
      isMet,
    })),
  };
}
