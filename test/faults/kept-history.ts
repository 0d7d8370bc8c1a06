import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
import type { Chain } from "./chain.ts";
import { compareHistory } from "./compare-history.ts";
import { POINTS_PER_SECOND, SERIES } from "./numbered-points.ts";
import type { Run } from "./scenario.ts";

const STREAM = "home";
const CAUGHT_UP_WITHIN_MS = 120_000;

export type Kept = ReturnType<typeof keepHistory>;

/** A chain whose points are written each second, and whose stream begins a new segment as often. */
export function keepHistory(run: Run, storeFolder = run.folder) {
  const folder = join(storeFolder, "segments");
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

/** Ends a run once stats knows every series, and compares everything. */
export async function settleAndCompare(run: Run, chain: Chain, kept: Kept) {
  const isKnown = await holdsWithin(CAUGHT_UP_WITHIN_MS, () => hasSeries(chain), run.signal);
  const settled = await chain.settle();
  if (!isKnown) settled.problems.push("stats does not know every series");
  settled.problems.push(...(await compareAll(run, chain, kept)));
  return settled;
}

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
export function filesIn(folder: string, end: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}
