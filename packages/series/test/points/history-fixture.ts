import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  historyFolderOf,
  type LostFile,
  mergePoints,
  type PartialBucket,
  PointsStore,
  StoredPoints,
} from "@weir/series";
import { createFakeClock, type FakeClock } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { merge, partialOf } from "../../src/buckets/partial.ts";
import type { HistoryStep } from "../../src/points/history-writer.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const HOUR_US = HOUR_MS * 1_000;
/** A day in the middle of a month. */
export const START_MS = Date.UTC(2026, 10, 17);
export const START_US = START_MS * 1_000;

/** A point that came with a row. */
export interface Given {
  path: string;
  us: number;
  value: number;
}

export interface OpenedHistory extends Disposable {
  store: PointsStore;
  clock: FakeClock;
  lost: LostFile[];
}

export function openHistory(
  indexFile: string,
  {
    clock = createFakeClock(START_MS),
    onStep = () => {},
  }: { clock?: FakeClock; onStep?: (step: HistoryStep) => void | Promise<void> } = {},
): OpenedHistory {
  const lost: LostFile[] = [];
  const store = new PointsStore({ indexFile, clock, onLost: (one) => lost.push(one), onStep });
  return { store, clock, lost, [Symbol.dispose]: () => store[Symbol.dispose]() };
}

/** The position of a row with points. */
export const rowAt = (id: number) => ({ segment: "s1", id, receivedUs: START_US + id });

/** What a reader finds of a series: its points, and its hours. */
export function readSeries(
  indexFile: string,
  path: string,
  { topic = "t", stream = "home" } = {},
): { points: Given[]; hours: { fromUs: number; partial: PartialBucket }[] } {
  using stored = StoredPoints.open(indexFile);
  const series = stored?.find(stream, topic, path) ?? null;
  if (stored === null || series === null) return { points: [], hours: [] };
  const parts = stored.runs(series, -Infinity, Infinity).map((run) => stored.read(run));
  const { us, values } = mergePoints(parts);
  const points = Array.from(us, (at, index) => ({ path, us: at, value: values[index] as number }));
  return { points, hours: [...stored.hours(series, 0, Number.MAX_SAFE_INTEGER)] };
}

/** What it is to find: every point in the order of time, and each hour folded from its points. */
export function expectedOf(given: readonly Given[], path: string): ReturnType<typeof readSeries> {
  const points = given
    .filter((point) => point.path === path)
    .toSorted((one, other) => one.us - other.us);
  const hours = Map.groupBy(points, ({ us }) => Math.floor(us / HOUR_US) * HOUR_US);
  return {
    points,
    hours: [...hours].map(([fromUs, samples]) => ({
      fromUs,
      // Each has a point.
      partial: samples
        .map(({ us, value }) => partialOf({ us, value }))
        .reduce<PartialBucket | null>(merge, null) as PartialBucket,
    })),
  };
}

/** The files of a stream's points, relative to its folder. */
export function filesOf(indexFile: string, stream = "home"): string[] {
  const folder = join(historyFolderOf(indexFile), `stream=${stream}`);
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return all.filter((name) => name.includes(".")).sort();
}

/** The files that the index has, as `filesOf` has them. */
export function indexedFiles(indexFile: string): string[] {
  const database = new Sqlite(indexFile, { readonly: true });
  const path = "'month=' || month || '/' || name";
  const all = database.prepare(`SELECT ${path} FROM files ORDER BY ${path}`).pluck().all();
  database.close();
  return all as string[];
}

/** The points of a row: two, a day from each other, some of them late. */
export function pointsOfRow(row: number): Given[] {
  const us = START_US + (row % 3 === 0 ? 100 - row : row);
  return [
    { path: "power", us, value: row },
    { path: "power", us: us + DAY_MS * 1_000, value: -row },
  ];
}
