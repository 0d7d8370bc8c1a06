import Table from "cli-table3";
import type { Claim, FigureName } from "./case.ts";
import { FIGURES } from "./figures.ts";
import { judge, type Verdict } from "./judge.ts";
import type { CaseResult } from "./run-cases.ts";
import { spreadOf } from "./statistics.ts";

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const large = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const textOf = (value: number): string => (value >= 1_000 ? large : number).format(value);

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
  for (const verdict of results.flatMap(judge)) table.push(lineOf(verdict));
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
