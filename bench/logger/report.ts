import { spawnSync } from "node:child_process";
import { closeSync, fsyncSync, openSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
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

/** What the figures depend on. */
interface Machine {
  processor: string;
  cores: number;
  memoryGigabytes: number;
  kernel: string;
  node: string;
  mosquitto: string;
  mosquittoSub: string;
  /** Of what was measured; "+" for uncommitted changes. */
  commit: string;
  /** Processes that wanted to run in the minute before. */
  load: number;
  /** A write and fsync of 4 KiB where the stores are, in microseconds. */
  fsyncUs: number;
}

const TMPFS = 0x01021994;
const FSYNC_PROBES = 50;

export function describeMachine(where: { folder: string; mosquitto: string }): Machine {
  const [processor] = cpus();
  return {
    processor: processor?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    mosquitto: where.mosquitto,
    mosquittoSub: firstLineOf("mosquitto_sub", ["--version"]),
    commit: commit(),
    load: loadavg()[0] ?? 0,
    fsyncUs: fsyncUs(where.folder),
  };
}

export function renderMachine(machine: Machine): string {
  const { processor, cores, memoryGigabytes, kernel, node, load, fsyncUs } = machine;
  return [
    `${processor}, ${cores} cores, ${memoryGigabytes} GiB, Linux ${kernel}, load ${load.toFixed(2)} before`,
    `Node ${node}, ${machine.mosquitto}, ${machine.mosquittoSub}`,
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

function commit(): string {
  const git = (args: string[]): string => spawnSync("git", args, { encoding: "utf8" }).stdout ?? "";
  const id = git(["rev-parse", "--short", "HEAD"]).trim();
  const isChanged = git(["status", "--porcelain", "--untracked-files=no"]) !== "";
  return id === "" ? "unknown" : `${id}${isChanged ? "+" : ""}`;
}

function firstLineOf(command: string, args: string[]): string {
  // Some exit with an error after printing their version.
  const { stdout, error } = spawnSync(command, args, { encoding: "utf8" });
  return error === undefined ? (stdout.split("\n")[0] ?? "") : `${command} missing`;
}

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
  return spreadOf(times)?.median ?? Number.NaN;
}
