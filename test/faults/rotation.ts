import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdsWithin } from "@weir/testkit";
import { type Chain, startChain } from "./chain.ts";
import { killAgainAndAgain } from "./kill.ts";
import type { Run, Scenario, Verdict } from "./scenario.ts";

/** More than the longest period, as the last file may just have begun. */
const FINISHED_WITHIN_MS = 60_000;
/** Each file is finished by a process of its own, one after the other. */
const FINISHED_WITHIN_MS_EACH = 5_000;
const OWNER_WRITES = 0o200;

/** Kills while the stream rotates, also while a file is begun or closed. */
export const rotation: Scenario = {
  name: "rotation",
  summary: "kill -9 of everybody while the stream begins a new file every second",
  cycles: 60,
  shortCycles: 5,
  run: (run) => killWhileRotating(run, { period: "1s", rate: 300, pauseMaxMs: 500 }),
};

/** At the rate of a small fleet, for as long as there are cycles: 120 take about ten minutes. */
export const rotationSoak: Scenario = {
  name: "rotation-soak",
  summary: "the same at 5,000 messages a second, with a new file every 20 seconds",
  cycles: 120,
  shortCycles: 2,
  run: (run) => killWhileRotating(run, { period: "20s", rate: 5_000, pauseMaxMs: 9_000 }),
};

async function killWhileRotating(
  run: Run,
  { period, rate, pauseMaxMs }: { period: string; rate: number; pauseMaxMs: number },
): Promise<Verdict> {
  const folder = join(run.folder, "turning");
  await using chain = await startChain(run, {
    rate,
    segments: () => segmentsIn(folder),
    loggerEnvironment: { WEIR_FILE: writeStreams(run.folder, folder, period) },
  });
  const verdict = await killAgainAndAgain(run, chain, pauseMaxMs);
  const closed = await finishTheRest(run, chain, folder);
  const unfinished = closed.filter(isUnfinished).map((file) => `${file} was not finished`);
  verdict.problems.push(...unfinished, ...closed.flatMap(openElsewhere));
  verdict.notes.push(`${segmentsIn(folder).length} files`);
  if (closed.length === 0) verdict.problems.push("no file was ever closed");
  return verdict;
}

/**
 * The next start finishes what was closed and not finished; it also closes a first file if none was.
 *
 * @returns what was closed before that start. The logger goes on to rotate: on a busy machine the newest closed file is
 * never finished at once.
 */
async function finishTheRest(run: Run, { logger }: Chain, folder: string): Promise<string[]> {
  let closed: string[] = [];
  const isDone = (): boolean => {
    if (closed.length === 0) closed = segmentsIn(folder).slice(0, -1);
    return closed.length > 0 && !closed.some(isUnfinished);
  };
  const withinMs = FINISHED_WITHIN_MS + segmentsIn(folder).length * FINISHED_WITHIN_MS_EACH;
  isDone();
  logger.start();
  await holdsWithin(withinMs, isDone, run.signal);
  await logger.stop();
  return closed;
}

const isUnfinished = (file: string): boolean =>
  existsSync(`${file}-wal`) || (statSync(file).mode & OWNER_WRITES) !== 0;

function writeStreams(folder: string, segments: string, period: string): string {
  mkdirSync(segments);
  const file = join(folder, "weir.yaml");
  const streams = {
    data: { enabled: false },
    devices: { enabled: false },
    turning: { filters: ["DATA"], decoder: "reading", folder: segments, rotation: period },
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ streams }));
  return file;
}

/** The stream's files, in the order of their names, which is that of time. */
function segmentsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".db"))
    .toSorted()
    .map((name) => join(folder, name));
}

const QUERY = "SELECT count(reception_timestamp), count(topic), count(payload) FROM data";

const PYTHON = `
import sqlite3, sys
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print("|".join(str(count) for count in database.execute(sys.argv[2]).fetchone()))
`;

/**
 * Opens a closed file as its users do, with sqlite3 and with Python, and checks that it has no write-ahead log.
 *
 * @returns what is wrong, in words. Tools that are not installed are left out.
 */
function openElsewhere(file: string): string[] {
  const outputs = [
    output("sqlite3", ["-readonly", file, QUERY]),
    output("python3", ["-c", PYTHON, file, QUERY]),
  ].filter((one) => one !== null);
  const problems = outputs
    .filter((answer) => !/^\d+\|\d+\|\d+$/.test(answer))
    .map((answer) => `${file} does not open elsewhere: ${answer}`);
  if (new Set(outputs).size > 1) problems.push(`${file} reads differently: ${outputs.join(", ")}`);
  for (const journal of ["-wal", "-shm"]) {
    if (existsSync(file + journal)) problems.push(`${file}${journal} was left behind`);
  }
  return problems;
}

/** The output of a tool; `null` when it is not installed. */
function output(tool: string, args: readonly string[]): string | null {
  const { error, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8" });
  if (error !== undefined) return null;
  return (stdout.trim() || stderr.trim()).slice(0, 200);
}
