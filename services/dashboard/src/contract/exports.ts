import { z } from "zod";
import { seriesNames, topicFilter } from "./series.ts";
import { queryTimeMs } from "./times.ts";

const flag = z.enum(["true", "false"]).default("false");

const options = {
  fromMs: queryTimeMs,
  toMs: queryTimeMs.optional().describe("default: now"),
  forSpreadsheet: flag.describe(
    "csv: an apostrophe in front of what a spreadsheet would take for a formula",
  ),
  skipUnreadable: flag.describe(
    "leave out what is damaged; without it the export fails, and its connection breaks off",
  ),
};

/** The points of series that were observed in a span. */
export const pointsExportQuery = z.strictObject({
  series: seriesNames,
  ...options,
  format: z.enum(["csv", "jsonl", "parquet"]).default("csv"),
});
export type PointsExportQuery = z.infer<typeof pointsExportQuery>;

/** The messages of a stream that were received in a span. */
export const rowsExportQuery = z.strictObject({
  stream: z.string().max(256),
  filter: topicFilter.optional(),
  ...options,
  format: z.enum(["csv", "jsonl"]).default("csv"),
});
export type RowsExportQuery = z.infer<typeof rowsExportQuery>;
