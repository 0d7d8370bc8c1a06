import { Fault } from "@weir/runtime";
import {
  type CataloguedSeries,
  type PointsUse,
  readCatalogue,
  readPointsUse,
  readTableSizes,
  type SeriesPoints,
  type TableSize,
} from "@weir/series";
import { measureIndex } from "./files.ts";
import { DAY_MS, type Estimate, RATE_DAYS, type StreamReport } from "./stream.ts";

/** The files of a day are one by then: those of ten minutes take several times as much for a point. */
const MERGED_DAYS = 2;
/** A partial of an hour. */
const HOUR_BYTES = 24;

/** The index of the catalogue and of the points. */
export interface IndexReport {
  file: string;
  bytes: number;
  setAsideBytes: number;
  tables: TableSize[] | null;
  /** Partials by the hour are kept for ever. */
  bytesADay: Estimate;
}

/** What `index.db` says. */
export interface Index {
  catalogue: CataloguedSeries[];
  tables: TableSize[] | null;
  points: PointsUse[];
  series: SeriesPoints[];
}

/** Reads the index; `limit` is of series. @param problems gets what could not be read, in words. */
export function readIndex(
  file: string,
  { nowMs, limit, problems }: { nowMs: number; limit: number; problems: string[] },
): Index {
  try {
    const sinceUs = (nowMs - RATE_DAYS * DAY_MS) * 1_000;
    const oldUs = (nowMs - MERGED_DAYS * DAY_MS) * 1_000;
    const points = readPointsUse(file, { sinceUs, oldUs, limit });
    return {
      catalogue: readCatalogue(file) ?? [],
      tables: readTableSizes(file),
      points: points?.streams ?? [],
      series: points?.series ?? [],
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    problems.push(error.message);
    return { catalogue: [], tables: null, points: [], series: [] };
  }
}

/** What the index takes, and how fast it grows. */
export function indexReportOf(
  file: string,
  index: Index,
  streams: readonly StreamReport[],
): IndexReport {
  const { bytes, setAside } = measureIndex(file);
  const hours = index.tables?.find(({ table }) => table === "hours")?.bytes ?? 0;
  const firstUs = Math.min(...index.points.map((one) => one.firstUs));
  const lastUs = Math.max(...index.points.map((one) => one.lastUs));
  const days = (lastUs - firstUs) / (DAY_MS * 1_000);
  const withHistory = new Set(
    streams.filter(({ stream }) => stream.historyMs !== null).map(({ stream }) => stream.name),
  );
  const series = index.catalogue.filter(({ stream }) => withHistory.has(stream)).length;
  return {
    file,
    bytes,
    setAsideBytes: setAside.bytes,
    tables: index.tables,
    bytesADay:
      days >= 1
        ? { value: hours / days, isMeasured: true }
        : { value: series * 24 * HOUR_BYTES, isMeasured: false },
  };
}
