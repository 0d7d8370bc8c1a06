import { Fault } from "@weir/runtime";
import type { CataloguedSeries, PointsUse } from "@weir/series";
import type { StreamConfig } from "@weir/streams";
import { historyFolderOf, measureStream, type StreamFiles } from "./files.ts";
import type { Stock } from "./forecast.ts";
import type { Index } from "./index-use.ts";
import { measureRows, NO_ROWS, type RowUse } from "./rows.ts";
import { SEGMENT_BYTES } from "./sample.ts";

export const DAY_MS = 86_400_000;
/** Rates are those of so many days; what is older says little about the days to come. */
export const RATE_DAYS = 7;

/** Where nothing has been measured: a tenth, and the two bytes that a slow walk of three decimals takes. */
const ARCHIVE_SHARE = 0.1;
const POINT_BYTES = 2;

/** A value, and whether it was measured here or is what is usual. */
export interface Estimate {
  value: number;
  isMeasured: boolean;
}

/** What is known of one stream. Rates are for a day. */
export interface StreamReport {
  stream: StreamConfig;
  files: StreamFiles;
  rows: RowUse;
  points: PointsUse | null;
  /** Points a day, also where they are not kept; `null` where nothing says. */
  pointsADay: number | null;
  bytesAPoint: Estimate;
  archiveShare: Estimate;
  /** As it grows; `null` where no rate could be measured. */
  messageStock: Stock | null;
  pointStock: Stock | null;
}

/** What all files of a stream take. */
export function totalBytes({ files }: StreamReport): number {
  return Object.values(files.sums).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Measures one stream. @param problems gets what could not be read, in words. */
export async function reportOf(
  stream: StreamConfig,
  context: { storeFolder: string; nowMs: number; index: Index; problems: string[] },
): Promise<StreamReport> {
  const { storeFolder, nowMs, index, problems } = context;
  const files = measureStream(stream.place, historyFolderOf(storeFolder, stream.name));
  const nowUs = nowMs * 1_000;
  const { place, rotationMs } = stream;
  const rows = await measureRows(place, files.segments, { nowUs, rotationMs }).catch(
    (error: unknown) => {
      // What cannot be read now is no reason to hide the rest.
      if (!(error instanceof Fault)) throw error;
      problems.push(error.message);
      return NO_ROWS;
    },
  );
  for (const { kind, reason } of rows.skipped) if (kind === "unreadable") problems.push(reason);
  const points = index.points.find((one) => one.stream === stream.name) ?? null;
  const bytesAPoint = bytesAPointOf(points, index.points);
  const archiveShare = archiveShareOf(files, rows);
  const pointsADay = pointsADayOf(stream, points, index.catalogue, nowUs);
  const { ageMs, bytesMax, freeDiskBytesMin } = stream.retention;
  const messageStock: Stock | null = rows.rate && {
    bytes: growingBytes(stream, files, rows),
    ...agesOf(files, rows, nowUs),
    archivedBytes: files.sums.archive.bytes,
    bytesADay: rows.rate.bytesADay,
    keptDays: daysOf(ageMs),
    archiveAfterDays: daysOf(stream.archiveAfterMs),
    archiveShare: archiveShare.value,
    bytesMax,
    freeDiskBytesMin,
  };
  const pointStock: Stock | null =
    stream.historyMs === null || pointsADay === null
      ? null
      : {
          bytes: files.sums.history.bytes,
          days: points === null ? 0 : Math.max(0, nowUs - points.firstUs) / (DAY_MS * 1_000),
          archivedBytes: 0,
          archivedDays: 0,
          bytesADay: pointsADay * bytesAPoint.value,
          keptDays: daysOf(stream.historyMs),
          archiveAfterDays: Number.POSITIVE_INFINITY,
          archiveShare: 1,
          bytesMax: null,
          freeDiskBytesMin: null,
        };
  return {
    stream,
    files,
    rows,
    points,
    pointsADay,
    bytesAPoint,
    archiveShare,
    messageStock,
    pointStock,
  };
}

/** `null` is no limit. */
const daysOf = (ms: number | null): number =>
  ms === null ? Number.POSITIVE_INFINITY : ms / DAY_MS;

/** A stream that is one file has tables and free pages in it that neither grow nor go. */
function growingBytes(
  { place }: StreamConfig,
  { sums }: StreamFiles,
  { reach, rate }: RowUse,
): number {
  if (place.kind === "folder") return sums.rows.bytes;
  return Math.min(sums.rows.bytes, (reach?.messages ?? 0) * (rate?.bytesAMessage ?? 0));
}

/** How far back SQLite and the archive reach, in days. */
function agesOf(files: StreamFiles, { reach }: RowUse, nowUs: number) {
  const ageDays = (us: number): number => Math.max(0, nowUs - us) / (DAY_MS * 1_000);
  const oldest = ageDays(reach?.firstUs ?? files.segments[0]?.beganUs ?? nowUs);
  const live = files.segments.find(({ isArchived }) => !isArchived);
  if (live === undefined || !files.segments.some(({ isArchived }) => isArchived)) {
    return { days: oldest, archivedDays: oldest };
  }
  const days = ageDays(live.beganUs);
  return { days, archivedDays: Math.max(days, oldest) };
}

/** What a point takes in the end: of the stream, otherwise of others. */
function bytesAPointOf(own: PointsUse | null, all: readonly PointsUse[]): Estimate {
  const isOwn = own !== null && own.oldPoints > 0;
  const measured = isOwn ? [own] : all;
  const points = measured.reduce((sum, one) => sum + one.oldPoints, 0);
  if (points === 0) return { value: POINT_BYTES, isMeasured: false };
  const bytes = measured.reduce((sum, one) => sum + one.oldBytes, 0);
  return { value: bytes / points, isMeasured: isOwn };
}

function archiveShareOf({ sums }: StreamFiles, { rate, reach }: RowUse): Estimate {
  const { files, bytes } = sums.archive;
  if (reach === null || rate === null || reach.archivedMessages === 0 || files === 0) {
    return { value: ARCHIVE_SHARE, isMeasured: false };
  }
  const before = reach.archivedMessages * rate.bytesAMessage + files * SEGMENT_BYTES;
  return { value: bytes / before, isMeasured: true };
}

/** Of the last days in the history; without one by the intervals of the catalogue. */
function pointsADayOf(
  { name }: StreamConfig,
  points: PointsUse | null,
  catalogue: readonly CataloguedSeries[],
  nowUs: number,
): number | null {
  const dayUs = DAY_MS * 1_000;
  if (points !== null && points.points > 0) {
    const days = Math.min(RATE_DAYS, (nowUs - points.firstUs) / dayUs);
    if (days * DAY_MS >= 60_000) return points.recentPoints / days;
  }
  const alive = catalogue.filter(
    ({ stream, receivedUs, intervalMs }) =>
      stream === name && intervalMs > 0 && receivedUs > nowUs - dayUs,
  );
  if (alive.length === 0) return null;
  return alive.reduce((sum, { intervalMs }) => sum + DAY_MS / intervalMs, 0);
}
