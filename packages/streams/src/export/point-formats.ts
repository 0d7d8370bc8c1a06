import { createIsoTime } from "@weir/protocol";
import { type CataloguedSeries, formatSeries, Pace, type Points, PointsTable } from "@weir/series";
import { quoted } from "./csv.ts";

/** Formats of exported points. */
export const POINTS_FORMATS = ["csv", "jsonl", "parquet"] as const;
export type PointsFormat = (typeof POINTS_FORMATS)[number];

/** Points of one series, in the order of time. */
export interface PointsOfSeries {
  series: CataloguedSeries;
  points: Points;
}

type Parts = AsyncIterable<PointsOfSeries>;

/** Points as parts of a file: time (ISO 8601 in UTC, with microseconds), series, value and unit; Parquet has no unit. */
export function formatPoints(
  parts: Parts,
  format: PointsFormat,
): AsyncGenerator<string | Buffer, void, void> {
  switch (format) {
    case "csv":
      return csvOf(parts);
    case "jsonl":
      return jsonLinesOf(parts);
    case "parquet":
      return parquetOf(parts);
  }
}

async function* csvOf(parts: Parts): AsyncGenerator<string> {
  yield "time,series,value,unit\r\n";
  yield* linesOf(parts, (series) => {
    const name = quoted(formatSeries(series));
    const unit = quoted(series.unit ?? "");
    return (time, value) => `${time},${name},${value},${unit}\r\n`;
  });
}

function jsonLinesOf(parts: Parts): AsyncGenerator<string> {
  return linesOf(parts, (series) => {
    const name = JSON.stringify(formatSeries(series));
    const unit = JSON.stringify(series.unit);
    return (time, value) =>
      `{"time":"${time}","series":${name},"value":${JSON.stringify(value)},"unit":${unit}}\n`;
  });
}

/** Lines of one text at most. */
const LINES_MAX = 4_096;

async function* linesOf(
  parts: Parts,
  lineOf: (series: CataloguedSeries) => (time: string, value: number) => string,
): AsyncGenerator<string> {
  const isoTime = createIsoTime();
  const pace = new Pace();
  for await (const { series, points } of parts) {
    const line = lineOf(series);
    for (let from = 0; from < points.us.length; from += LINES_MAX) {
      await pace.breathe();
      let text = "";
      for (const [index, us] of points.us.subarray(from, from + LINES_MAX).entries()) {
        text += line(isoTime(us), points.values[from + index] as number);
      }
      yield text;
    }
  }
}

async function* parquetOf(parts: Parts): AsyncGenerator<Buffer> {
  const table = new PointsTable();
  for await (const { series, points } of parts) yield* table.add(formatSeries(series), points);
  yield* table.finish();
}
