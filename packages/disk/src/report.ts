import { dirname } from "node:path";
import { EXIT_CODES, Fault } from "@weir/runtime";
import type { StreamConfig } from "@weir/streams";
import { measureLeftovers } from "./files.ts";
import { type IndexReport, indexReportOf, readIndex } from "./index-use.ts";
import { largestSeries, type SeriesUse } from "./series-use.ts";
import { reportOf, type StreamReport } from "./stream.ts";
import { disksOf, folderOf, statOf, type VolumeReport } from "./volumes.ts";

const LARGEST = 100;

/** Everything that a store consists of, and what becomes of it. */
export interface DiskReport {
  /** The stream that was asked for, `null` for all of them. */
  chosen: string | null;
  disks: VolumeReport[];
  streams: StreamReport[];
  index: IndexReport;
  leftovers: { folder: string; bytes: number }[];
  largest: SeriesUse[];
  /** What could not be read, in words. */
  problems: string[];
}

/**
 * Measures everything that the store of `DB_FILE` consists of, while it is written. Parts that are missing take
 * nothing; what cannot be read is named among the problems.
 *
 * @throws Fault where there is no store at all.
 */
export async function diskReport(
  streams: readonly StreamConfig[],
  {
    storeFile,
    indexFile,
    nowMs,
    chosen,
  }: {
    storeFile: string;
    indexFile: string;
    nowMs: number;
    /** A name, `null` for every stream. */
    chosen: string | null;
  },
): Promise<DiskReport> {
  const storeFolder = dirname(storeFile);
  if (statOf(storeFolder) === null) {
    throw new Fault(`there is no store: ${storeFolder} does not exist`, {
      remedy: "Start the suite first, or name the store in DB_FILE.",
      exitCode: EXIT_CODES.unavailable,
    });
  }
  const problems: string[] = [];
  const index = readIndex(indexFile, { nowMs, limit: LARGEST, problems });
  const reports: StreamReport[] = [];
  for (const stream of streams) {
    if (chosen !== null && stream.name !== chosen) continue;
    reports.push(await reportOf(stream, { storeFolder, nowMs, index, problems }));
  }
  const indexReport = indexReportOf(indexFile, index, reports);
  const leftovers =
    chosen !== null
      ? []
      : measureLeftovers(storeFolder, {
          folders: new Set(streams.map(folderOf)),
          streams: new Set(streams.map(({ name }) => name)),
        });
  const messages = reports.map(({ stream, files, rows }) => ({
    stream: stream.name,
    messages: rows.reach?.messages ?? 0,
    bytes: files.sums.rows.bytes + files.sums.archive.bytes,
    topics: rows.topics,
  }));
  const ofChosen = <T extends { stream: string }>(all: readonly T[]): T[] =>
    all.filter(({ stream }) => reports.some((report) => report.stream.name === stream));
  return {
    chosen,
    disks: disksOf(reports, {
      index: indexReport,
      leftovers,
      storeFolder,
      isWhole: chosen === null,
    }),
    streams: reports,
    index: indexReport,
    leftovers,
    largest: largestSeries(messages, ofChosen(index.catalogue), ofChosen(index.series), LARGEST),
    problems,
  };
}
