import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "@weir/runtime";
import {
  historyFolderOf,
  indexFileOf,
  PointsStore,
  type Progress,
  readCatalogue,
  StoredPoints,
} from "@weir/series";
import { readRange } from "@weir/store";
import { holdsWithin } from "@weir/testkit";
import { type Chain, startChain } from "./chain.ts";
import { compareHistory } from "./compare-history.ts";
import { POINTS_PER_SECOND, SERIES } from "./numbered-points.ts";
import type { Run, Scenario } from "./scenario.ts";

const STREAM = "home";
const CAUGHT_UP_WITHIN_MS = 120_000;
const MOMENT_WITHIN_MS = 15_000;
const OWNER_WRITES = 0o200;
/** What the logger starts for each segment that it archives. */
const SEGMENT_MAIN = fileURLToPath(
  new URL("../../packages/store/src/rotation/segment-process.ts", import.meta.url),
);

/** Kills whoever writes points and archives, while they are written. */
export const history: Scenario = {
  name: "history",
  summary: "kill -9 of stats, logger and its archiving process while points are written and merged",
  cycles: 100,
  shortCycles: 5,
  run: async (run) => {
    const { cycles, random, signal } = run;
    const kept = keepHistory(run);
    await using chain = await startChain(run, kept.options);
    const archiving = new Archiving(run, kept.segments);
    let stalls = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      archiving.start();
      if (random.oneIn(4) && !(await chain.flows())) stalls += 1;
      await someMoment(run, kept);
      const victims = random.pick([["stats"], ["stats"], ["logger"], ["stats", "logger"]] as const);
      for (const victim of victims) await chain[victim].kill();
      await archiving.kill();
      await pause(random.between(0, 200), undefined, { signal });
      for (const victim of random.shuffle(victims)) chain[victim].start();
    }
    const isKnown = await holdsWithin(CAUGHT_UP_WITHIN_MS, () => hasSeries(chain), signal);
    const settled = await chain.settle();
    if (!isKnown) settled.problems.push("stats does not know every series");
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    settled.problems.push(...(await compareAll(run, chain, kept)));
    settled.notes.push(`${archiving.ended} segments archived, ${archiving.killed} times killed`);
    return { cycles, ...settled };
  },
};

type Kept = ReturnType<typeof keepHistory>;

/** A chain whose points are written each second, and whose stream begins a new segment as often. */
function keepHistory(run: Run) {
  const folder = join(run.folder, "segments");
  mkdirSync(folder);
  const file = join(run.folder, "weir.yaml");
  const streams = {
    data: { enabled: false },
    devices: { enabled: false },
    [STREAM]: { filters: ["faults/#"], folder, rotation: "1s", history: "forever" },
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ streams }));
  const sinceMs = systemClock.now();
  const segments = () => filesIn(folder, ".db");
  const archives = () =>
    filesIn(folder, ".parquet").filter((path) => !existsSync(path.replace(/parquet$/, "db")));
  const environment = { WEIR_FILE: file };
  return {
    folder,
    sinceMs,
    segments,
    archives,
    options: {
      rate: POINTS_PER_SECOND,
      segments,
      stores: () => [[...segments(), ...archives()]],
      loggerEnvironment: environment,
      statsEnvironment: { ...environment, STATS_HISTORY_FLUSH_SECONDS: "1" },
      publisherEnvironment: { FAULTS_POINTS_SINCE_MS: String(sinceMs) },
    },
  };
}

/** Any moment, or one at which a file of points is half written. */
async function someMoment({ folder, random, signal }: Run, kept: Kept): Promise<void> {
  await pause(random.between(0, 1_500), undefined, { signal });
  const place = random.pick([null, join(folder, "history"), kept.folder]);
  if (place === null) return;
  const isHalfWritten = () => filesIn(place, ".making").length > 0;
  await holdsWithin(MOMENT_WITHIN_MS / (place === kept.folder ? 10 : 1), isHalfWritten, signal);
  await pause(random.between(0, 30), undefined, { signal });
}

/** Archives one segment after the other, without waiting for it to become old: as the logger does, in a process each. */
class Archiving {
  ended = 0;
  killed = 0;
  readonly #run: Run;
  readonly #segments: () => string[];
  #child: ChildProcess | null = null;

  constructor(run: Run, segments: () => string[]) {
    this.#run = run;
    this.#segments = segments;
  }

  /** Takes one that is finished; the newest closed one stays. */
  start(): void {
    const finished = this.#segments().slice(0, -2).filter(isFinished);
    if (finished.length === 0) return;
    const file = this.#run.random.pick(finished.slice(0, 3));
    this.#child = spawn(process.execPath, [SEGMENT_MAIN, "archive", file], { stdio: "ignore" });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
      this.killed += 1;
    } else if (child.exitCode === 0) {
      this.ended += 1;
    }
  }
}

const isFinished = (file: string): boolean =>
  !existsSync(`${file}-wal`) && (statSync(file).mode & OWNER_WRITES) === 0;

/** Compares the history as it was left, and once more when everything is written and nothing may be left over. */
async function compareAll(run: Run, chain: Chain, kept: Kept): Promise<string[]> {
  const { signal } = run;
  const { segments, archives, sinceMs, folder } = kept;
  const environment = { ...kept.options.statsEnvironment, DB_FILE: chain.files.store };
  const indexFile = indexFileOf(chain.files.store);
  const numbers = await chain.verifier.numbers([...segments(), ...archives()]);
  const compared = { environment, numbers, sinceMs, signal };
  const problems = (await compareHistory(compared)).map((words) => `as it was left: ${words}`);

  chain.logger.start();
  chain.stats.start();
  const hasCaughtUp = () => isWritten(indexFile, folder);
  if (!(await holdsWithin(CAUGHT_UP_WITHIN_MS, hasCaughtUp, signal))) {
    problems.push("the history does not catch up");
  }
  const codes = [await chain.logger.stop(), await chain.stats.stop()];
  if (codes.some((code) => code !== 0)) problems.push(`stopped with ${codes.join(" and ")}`);
  problems.push(...(await compareHistory(compared)).map((words) => `once written: ${words}`));

  // Files that merges have replaced stay for a minute, or up to the next start.
  using store = new PointsStore({
    indexFile,
    clock: systemClock,
    onLost: ({ file }) => problems.push(`${file} was lost`),
  });
  await store.stream(STREAM, { historyMs: Number.POSITIVE_INFINITY });
  const indexed = new Set(await chain.verifier.filesOfPoints(indexFile));
  const points = historyFolderOf(indexFile);
  const leftovers = [
    ...filesIn(points, "").filter((path) => !indexed.delete(path.slice(points.length + 1))),
    ...filesIn(folder, ".making"),
    ...filesIn(folder, ".parquet").filter((path) => !archives().includes(path)),
  ];
  problems.push(...leftovers.map((path) => `${path} was left behind`));
  problems.push(...[...indexed].map((path) => `${path} is missing`));
  return problems;
}

/** A stats that was killed before it could look has not found all of them. */
function hasSeries({ files }: Chain): boolean {
  return readCatalogue(indexFileOf(files.store))?.length === SERIES;
}

/** Whether the points of every row are in files. */
async function isWritten(indexFile: string, folder: string): Promise<boolean> {
  const behind = throughOf(indexFile);
  if (behind === null) return false;
  for await (const { messages } of readRange({ kind: "folder", folder }, { behind })) {
    if (messages.length > 0) return false;
  }
  return true;
}

function throughOf(indexFile: string): Progress | null {
  using stored = StoredPoints.open(indexFile);
  return stored?.through(STREAM) ?? null;
}

/** The files in a folder and those below it whose names end so, in their order. */
function filesIn(folder: string, end: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}
