import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { basename, join } from "node:path";
import { createTable, median, spreadOf } from "../output.ts";
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
export function describeMachine(where: { folder: string; mosquitto: string }) {
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

/** Of what is measured; "+" for uncommitted changes. */
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

/** The part of a .cpuprofile file with self time. */
interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  samples: number[];
  timeDeltas: number[];
}

const FUNCTIONS_SHOWN = 20;
/** How long a logger takes to start and to be warmed: what is asked is where its time goes after that. */
const STARTING_MS = 1_500;
const NOT_BUSY = new Set(["(idle)", "(program)"]);

/** Options of Node that write a profile when the process ends. */
export function profileOptions(folder: string | null): readonly string[] {
  return folder === null
    ? []
    : ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=500"];
}

/** Where the time of each profiled process went: the functions with the most self time. */
export function renderProfile(folder: string): string {
  if (!existsSync(folder)) return "no profile was written";
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  return files
    .map((name) => `\n${join(folder, name)}\n${renderFile(join(folder, name))}`)
    .join("\n");
}

function renderFile(file: string): string {
  // Node has written it.
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const selfMs = selfTimesMs(profile);
  const busyMs = [...selfMs]
    .filter(([name]) => name !== "(idle)")
    .reduce((sum, [, ms]) => sum + ms, 0);
  const table = createTable("function", "self ms", "of busy");
  const busiest = [...selfMs]
    .filter(([name]) => !NOT_BUSY.has(name))
    .sort(([, a], [, b]) => b - a)
    .slice(0, FUNCTIONS_SHOWN);
  for (const [name, ms] of busiest) {
    table.push([name, ms.toFixed(0), `${((ms / busyMs) * 100).toFixed(1)} %`]);
  }
  return table.toString();
}

/** Self time by function and place, in milliseconds, without the first `skippedMs`. */
export function selfTimesMs(
  { nodes, samples, timeDeltas }: CpuProfile,
  skippedMs: number = STARTING_MS,
): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let sinceStartMs = 0;
  for (const [index, id] of samples.entries()) {
    const deltaMs = (timeDeltas[index] ?? 0) / 1_000;
    sinceStartMs += deltaMs;
    if (sinceStartMs <= skippedMs) continue;
    const name = names.get(id) ?? "(unknown)";
    times.set(name, (times.get(name) ?? 0) + deltaMs);
  }
  return times;
}

function nameOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
