import { spawnSync } from "node:child_process";
import { closeSync, fsyncSync, openSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import {
  type CaseResult,
  type Claim,
  decimal,
  evaluate,
  FIGURES,
  type FigureName,
  type Figures,
  type Verdict,
  whole,
} from "./comparison.ts";
import { createTable, median, spreadOf } from "./output.ts";

const textOf = (value: number): string => (value >= 1_000 ? whole : decimal).format(value);

/** One case: a line for each contender, its figures as median (least to most). */
export function renderCase(result: CaseResult): string {
  const names = columnsOf(result);
  const table = createTable(result.case.title, ...names.map((name) => FIGURES[name].title));
  for (const [contender, rounds] of result.figures) {
    table.push([
      contender,
      ...names.map((name) => {
        const spread = spreadOf(rounds.flatMap((figures) => figures[name] ?? []));
        if (spread === null) return "-";
        const { text } = FIGURES[name];
        const [middle, min, max] = [text(spread.median), text(spread.min), text(spread.max)];
        return min === max ? middle : `${middle} (${min} to ${max})`;
      }),
    ]);
  }
  const skipped = [...result.skipped].map(([name, problem]) => `SKIPPED ${name}: ${problem}`);
  const failed = result.failures.map((failure) => `FAILED ${failure}`);
  return [table.toString(), ...skipped, ...failed].join("\n");
}

/** Every claim with its target, and whether it is met. */
export function renderVerdicts(results: readonly CaseResult[]): string {
  const table = createTable("", "median", "least to most", "target", "");
  for (const verdict of results.flatMap(evaluate)) {
    // Without a target it is of interest only where it was measured.
    if (verdict.spread !== null || verdict.claim.target !== null) table.push(lineOf(verdict));
  }
  return table.toString();
}

function lineOf({ claim, spread, isMet }: Verdict): string[] {
  const target = targetOf(claim);
  if (spread === null) return [claim.text, "-", "-", target, "not measured"];
  const { median, min, max } = spread;
  const range = min === max ? "" : `${textOf(min)} to ${textOf(max)}`;
  const outcome = isMet === null ? "" : isMet ? "met" : "NOT MET";
  return [claim.text, textOf(median), range, target, outcome];
}

function targetOf({ target }: Claim): string {
  if (target === null) return "";
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
  options: object;
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
      ...(spread ?? { median: null, min: null, max: null }),
      isMet,
    })),
  };
}

const TMPFS = 0x01021994;
const FSYNC_PROBES = 50;

/** What the figures depend on. */
export function describeMachine(where: {
  folder: string;
  /** The programs that are measured beside Weir, or with which, each with its version. */
  programs: readonly string[];
}) {
  const [processor] = cpus();
  return {
    processor: processor?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    programs: where.programs,
    commit: commit(),
    /** Processes that wanted to run in the minute before. */
    load: loadavg()[0] ?? 0,
    fsyncUs: fsyncUs(where.folder),
  };
}

type Machine = ReturnType<typeof describeMachine>;

export function renderMachine(machine: Machine): string {
  const { processor, cores, memoryGigabytes, kernel, node, load, fsyncUs } = machine;
  return [
    `${processor}, ${cores} cores, ${memoryGigabytes} GiB, Linux ${kernel}, load ${load.toFixed(2)} before`,
    [`Node ${node}`, ...machine.programs].join(", "),
    `write and fsync of 4 KiB: ${Math.round(fsyncUs)} µs; commit ${machine.commit}`,
  ].join("\n");
}

/** What makes figures of this machine worthless, in words for a user. */
export function machineWarnings(machine: Machine, folder: string): string[] {
  const warnings: string[] = [];
  if (machine.load > machine.cores / 2) {
    warnings.push(`the load is ${machine.load.toFixed(2)}: something else is running`);
  }
  if (statfsSync(folder).type === TMPFS) {
    warnings.push(`${folder} is in memory: a commit costs nothing there; set TMPDIR to a disk`);
  }
  return warnings;
}

/** Of what is measured; "+" for uncommitted changes. */
function commit(): string {
  const git = (args: string[]): string => spawnSync("git", args, { encoding: "utf8" }).stdout ?? "";
  const id = git(["rev-parse", "--short", "HEAD"]).trim();
  const isChanged = git(["status", "--porcelain", "--untracked-files=no"]) !== "";
  return id === "" ? "unknown" : `${id}${isChanged ? "+" : ""}`;
}

/** What a program says of its version; that it is missing where it cannot be started. */
export function versionOf(command: string, args: string[]): string {
  // Some exit with an error after printing their version.
  const { stdout, error } = spawnSync(command, args, { encoding: "utf8" });
  return error === undefined ? (stdout.split("\n")[0] ?? "") : `${command} missing`;
}

/** A write and fsync of 4 KiB where the stores are, in microseconds. */
function fsyncUs(folder: string): number {
  const file = openSync(join(folder, "fsync"), "w");
  const page = Buffer.alloc(4_096);
  const times = Array.from({ length: FSYNC_PROBES }, () => {
    const startMs = performance.now();
    writeSync(file, page);
    fsyncSync(file);
    return (performance.now() - startMs) * 1_000;
  });
  closeSync(file);
  return median(times);
}
