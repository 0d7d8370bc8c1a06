import {
  DAY_MS,
  type DiskReport,
  type Estimate,
  FORECAST_DAYS,
  growsForDays,
  growthADay,
  otherSettings,
  type SeriesUse,
  type StreamReport,
  totalBytes,
  type VolumeReport,
} from "@weir/disk";
import { print, visible } from "@weir/runtime";
import { columnsText, durationText, grouped, type Surroundings } from "./command-line.ts";

/** Of the list of series, on a screen. */
const SHOWN_SERIES = 10;
/** Of the index. */
const SHOWN_TABLES = 5;

/** Prints a report as tables. */
export function printReport(
  report: DiskReport,
  { to, nowMs }: { to: Surroundings["out"]; nowMs: number },
): void {
  const { chosen, disks, streams, index, leftovers, largest } = report;
  const parts = [
    disks.map((disk) => diskText(disk, chosen, nowMs)).join("\n"),
    columnsText([STREAM_HEAD, ...streams.map(streamRow)]),
    indexText(report),
    leftovers.length === 0
      ? ""
      : columnsText([
          ["of no configured stream", "takes"],
          ...leftovers.map(({ folder, bytes }) => [visible(folder), sizeText(bytes)]),
        ]),
    largest.length === 0
      ? ""
      : columnsText([SERIES_HEAD, ...largest.slice(0, SHOWN_SERIES).map(seriesRow)]),
    settingsText(streams),
  ];
  if (index.setAsideBytes > 0) {
    parts.push(`Damaged indexes that were set aside take ${sizeText(index.setAsideBytes)}.`);
  }
  print(`${parts.filter((part) => part !== "").join("\n\n")}\n`, { to });
}

function diskText(disk: VolumeReport, chosen: string | null, nowMs: number): string {
  const { folders, bytes, freeBytes, weirBytes, growthBytesADay } = disk;
  const of = folders.map(visible).join(", ");
  const space = `${sizeText(weirBytes)} of ${chosen === null ? "Weir" : `the stream ${visible(chosen)}`} on the disk of ${of}: ${sizeText(freeBytes)} of ${sizeText(bytes)} are free`;
  if (chosen !== null) return space;
  return `${space}\n${outlook(disk.forecast, growthBytesADay, nowMs)}`;
}

function outlook(forecast: VolumeReport["forecast"], growth: number, nowMs: number): string {
  if (forecast === null) return "Nothing says yet how fast it grows.";
  const { fullAfterDays, makesWayAfterDays } = forecast;
  const rate = `It grows by ${sizeText(growth)} a day at present`;
  const makesWay =
    makesWayAfterDays === null
      ? ""
      : ` From ${dateText(nowMs, makesWayAfterDays)} on, the oldest messages make way for retention.freeDisk.`;
  const end =
    fullAfterDays === null
      ? `and will not be full within ${Math.round(FORECAST_DAYS / 365)} years at this rate.`
      : `and is full on ${dateText(nowMs, fullAfterDays)} at this rate, in ${daysText(fullAfterDays)}.`;
  return `${rate} ${end}${makesWay} (an estimate)`;
}

const STREAM_HEAD = [
  "stream",
  "messages",
  "SQLite",
  "archive",
  "points",
  "history",
  "set aside",
  "other",
  "takes",
  "a day",
  "measured over",
  "grows",
];

function streamRow(report: StreamReport): string[] {
  const { stream, files, rows, points, messageStock, pointStock } = report;
  const { sums } = files;
  const stocks = [messageStock, pointStock].filter((stock) => stock !== null);
  const growth = stocks.reduce((sum, stock) => sum + growthADay(stock), 0);
  return [
    visible(stream.name),
    rows.reach === null ? "-" : grouped(rows.reach.messages),
    sizeOrNone(sums.rows.bytes),
    sizeOrNone(sums.archive.bytes),
    points === null ? "-" : grouped(points.points),
    sizeOrNone(sums.history.bytes),
    sizeOrNone(sums.setAside.bytes),
    sizeOrNone(sums.other.bytes),
    sizeText(totalBytes(report)),
    messageStock === null ? "?" : signedSize(growth),
    rows.rate === null ? "-" : spanText(rows.rate.overMs),
    growsText(report),
  ];
}

/** Until when a stream grows. */
function growsText({ messageStock, pointStock }: StreamReport): string {
  if (messageStock === null) return "not known";
  const ends = [messageStock, pointStock].filter((stock) => stock !== null).map(growsForDays);
  if (ends.includes(null)) return "for ever";
  const days = Math.max(...(ends as number[]));
  return days === 0 ? "no longer" : `for ${daysText(days)}`;
}

function indexText({ index }: DiskReport): string {
  if (index.bytes === 0) return "There is no index yet: stats makes it.";
  const title = `The index takes ${sizeText(index.bytes)}`;
  const growth = `${signedSize(index.bytesADay.value)} a day${assumed(index.bytesADay)}`;
  if (index.tables === null) return `${title}, ${growth}.`;
  const [shown, others] = [index.tables.slice(0, SHOWN_TABLES), index.tables.slice(SHOWN_TABLES)];
  const tables = shown.map(({ table, bytes }) => `${table} ${sizeText(bytes)}`);
  if (others.length > 0) {
    tables.push(`other tables ${sizeText(others.reduce((sum, { bytes }) => sum + bytes, 0))}`);
  }
  return `${title}, ${growth}: ${tables.join(", ")}.`;
}

const assumed = ({ isMeasured }: Estimate): string => (isMeasured ? "" : " (usual, not measured)");

const SERIES_HEAD = ["largest series", "messages ~", "they take ~", "points", "they take"];

function seriesRow({ series, isSeries, messages, messageBytes, points, pointBytes }: SeriesUse) {
  return [
    isSeries ? visible(series) : `${visible(series)} (no series)`,
    grouped(Math.round(messages)),
    sizeText(messageBytes),
    points === null ? "-" : grouped(points),
    pointBytes === null ? "-" : sizeText(pointBytes),
  ];
}

/** A line for each stream: the settings are the same for all of them. */
function settingsText(streams: readonly StreamReport[]): string {
  const estimates = streams
    .map((report) => ({ report, settings: otherSettings(report) }))
    .filter(({ settings }) => settings.length > 0);
  // A stream that is one file has no archive: the others' columns are all of them.
  const sorted = estimates.toSorted((one, other) => other.settings.length - one.settings.length);
  const heads = new Set(sorted.flatMap(({ settings }) => settings.map(({ column }) => column)));
  if (heads.size === 0) return "";
  const rows = estimates.map(({ report, settings }) => [
    visible(report.stream.name),
    ...[...heads].map((column) => {
      const found = settings.find((one) => one.column === column);
      return found === undefined ? "-" : sizeText(found.bytes);
    }),
  ]);
  const title = "What other settings would take in the end (estimates at these rates):";
  const table = columnsText([["stream", ...heads], ...rows]);
  return `${title}\n${table}${notMeasured(streams)}`;
}

/** Which estimates rest on what is usual. */
function notMeasured(streams: readonly StreamReport[]): string {
  const usual: string[] = [];
  if (streams.some(({ rows, archiveShare }) => rows.rate !== null && !archiveShare.isMeasured)) {
    usual.push("a tenth of SQLite for an archive");
  }
  if (
    streams.some(({ pointsADay, bytesAPoint }) => pointsADay !== null && !bytesAPoint.isMeasured)
  ) {
    usual.push("two bytes for a point");
  }
  return usual.length === 0 ? "" : `\nAssumed where none is measured: ${usual.join(", ")}.`;
}

const SIZES = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
] as const;

/** `1.25 GB`, in powers of ten as sizes in weir.yaml. */
function sizeText(bytes: number): string {
  const size = Math.abs(bytes);
  const [unitBytes, unit] = SIZES.find(([least]) => size >= least) ?? [1, "B"];
  return `${Number((bytes / unitBytes).toPrecision(3))} ${unit}`;
}

const sizeOrNone = (bytes: number): string => (bytes === 0 ? "-" : sizeText(bytes));

const signedSize = (bytes: number): string => `${bytes < 0 ? "" : "+"}${sizeText(bytes)}`;

const UNITS_MS = [DAY_MS, 3_600_000, 60_000, 1_000];

/** A span in the largest unit that it has: `6d`. */
function spanText(ms: number): string {
  const unitMs = UNITS_MS.find((one) => ms >= one) ?? 1_000;
  return durationText(Math.round(ms / unitMs) * unitMs);
}

function daysText(days: number): string {
  if (days < 1) return `${Math.max(1, Math.round(days * 24))} h`;
  return days > 2 * 365 ? `${Math.round(days / 365)} years` : `${Math.round(days)} d`;
}

const dateText = (nowMs: number, days: number): string =>
  new Date(nowMs + days * DAY_MS).toISOString().slice(0, 10);
