import { createIsoTime } from "@weir/protocol";
import { type CataloguedSeries, formatSeries, Pace, type Points, PointsTable } from "@weir/series";
import { csvCell } from "./csv.ts";

/** Formats of exported points. */
export const POINTS_FORMATS = ["csv", "jsonl", "parquet"] as const;
export type PointsFormat = (typeof POINTS_FORMATS)[number];

/** Points of one series, in the order of time. */
export interface PointsOfSeries {
  series: CataloguedSeries;
  points: Points;
}

type Parts = AsyncIterable<PointsOfSeries>;

/**
 * Points as parts of a file: time (ISO 8601 in UTC, with microseconds), series, value and unit; Parquet has no unit.
 *
 * @param forSpreadsheet puts an apostrophe in CSV in front of what spreadsheets take for a formula.
 */
export function formatPoints(
  parts: Parts,
  format: PointsFormat,
  { forSpreadsheet = false } = {},
): AsyncGenerator<string | Buffer, void, void> {
  switch (format) {
    case "csv":
      return csvOf(parts, csvCell(forSpreadsheet));
    case "jsonl":
      return jsonLinesOf(parts);
    case "parquet":
      return parquetOf(parts);
  }
}

async function* csvOf(parts: Parts, cell: (text: string) => string): AsyncGenerator<string> {
  yield "time,series,value,unit\r\n";
  yield* linesOf(parts, (series) => {
    const name = cell(formatSeries(series));
    const unit = cell(series.unit ?? "");
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

/** Points that are written without a pause. */
const POINTS_AT_ONCE = 4_096;

/** Parts of that size at most. Other work of the process has its turn between them. */
async function* smallerParts(parts: Parts): AsyncGenerator<PointsOfSeries> {
  const pace = new Pace();
  for await (const { series, points } of parts) {
    for (let from = 0; from < points.us.length; from += POINTS_AT_ONCE) {
      await pace.breathe();
      const to = from + POINTS_AT_ONCE;
      const { us, values } = points;
      yield { series, points: { us: us.subarray(from, to), values: values.subarray(from, to) } };
    }
  }
}

async function* linesOf(
  parts: Parts,
  lineOf: (series: CataloguedSeries) => (time: string, value: number) => string,
): AsyncGenerator<string> {
  const isoTime = createIsoTime();
  for await (const { series, points } of smallerParts(parts)) {
    const line = lineOf(series);
    let text = "";
    for (const [index, us] of points.us.entries()) {
      text += line(isoTime(us), points.values[index] as number);
    }
    yield text;
  }
}

async function* parquetOf(parts: Parts): AsyncGenerator<Buffer> {
  const table = new PointsTable();
  for await (const { series, points } of smallerParts(parts)) {
    yield* table.add(formatSeries(series), points);
  }
  yield* table.finish();
}
