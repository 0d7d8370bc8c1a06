import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Chain, startChain } from "./chain.ts";
import { killAgainAndAgain } from "./kill.ts";
import { openElsewhere } from "./other-tools.ts";
import type { Run, Scenario, Verdict } from "./scenario.ts";

/** More than the longest period, since the last file may just have begun. */
const FINISHED_WITHIN_MS = 60_000;
const POLL_MS = 50;
const OWNER_WRITES = 0o200;

/** Kills while the stream begins a new file again and again: also in the middle of that, and of closing the old one. */
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
  verdict.problems.push(...(await finishTheRest(run, chain, folder)));
  const segments = segmentsIn(folder);
  const closed = segments.slice(0, -1);
  verdict.problems.push(...closed.flatMap(openElsewhere));
  verdict.notes.push(`${segments.length} files`);
  if (closed.length === 0) verdict.problems.push("no file was ever closed");
  return verdict;
}

/** What was closed and not finished before the end is finished by the next start, which also closes a first file if none was. */
async function finishTheRest(run: Run, { logger }: Chain, folder: string): Promise<string[]> {
  const deadlineMs = performance.now() + FINISHED_WITHIN_MS;
  const closed = (): string[] => segmentsIn(folder).slice(0, -1);
  const unfinished = (): string[] =>
    closed().filter(
      (file) => existsSync(`${file}-wal`) || (statSync(file).mode & OWNER_WRITES) !== 0,
    );
  const isDone = (): boolean => closed().length > 0 && unfinished().length === 0;
  logger.start();
  while (!isDone() && performance.now() < deadlineMs) {
    await pause(POLL_MS, undefined, { signal: run.signal });
  }
  await logger.stop();
  return unfinished().map((file) => `${file} was not finished`);
}

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
