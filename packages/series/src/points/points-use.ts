import { hasHistory, whileReading } from "../index-file/index-file.ts";

/** What the points of one stream take. Times in microseconds since the epoch. */
export interface PointsUse {
  stream: string;
  files: number;
  points: number;
  bytes: number;
  firstUs: number;
  lastUs: number;
  /** Of these points, how many were observed since a time, about: a file counts by the part of its span. */
  recentPoints: number;
  /** Of these, those in files that end before another time, and what they take. */
  oldPoints: number;
  oldBytes: number;
}

const BY_STREAM = `
SELECT stream, count(*) AS files, sum(rows) AS points, sum(bytes) AS bytes,
       min(first_us) AS firstUs, max(last_us) AS lastUs,
       sum(rows * CASE WHEN first_us >= @sinceUs THEN 1.0
                       WHEN last_us < @sinceUs THEN 0.0
                       ELSE 1.0 * (last_us - @sinceUs) / (last_us - first_us) END) AS recentPoints,
       sum(iif(last_us < @oldUs, rows, 0)) AS oldPoints,
       sum(iif(last_us < @oldUs, bytes, 0)) AS oldBytes
FROM files GROUP BY stream ORDER BY stream`;

/** What a series has of the points, and of the bytes of the files that they are in, by its share of their rows. */
export interface SeriesPoints {
  stream: string;
  topic: string;
  path: string;
  points: number;
  bytes: number;
}

const BY_SERIES = `
SELECT history_series.stream, topic, path, sum(spans.rows) AS points,
       sum(1.0 * spans.rows * files.bytes / files.rows) AS bytes
FROM spans JOIN files ON files.id = spans.file JOIN history_series ON history_series.id = spans.series
GROUP BY spans.series ORDER BY bytes DESC LIMIT +@limit`;

/**
 * Measures the history of every stream by the index, also while it is written.
 *
 * @param limit of series, those with the most bytes.
 * @returns `null` without an index, and for one of a version without points.
 * @throws Fault for a file that cannot be read.
 */
export function readPointsUse(
  indexFile: string,
  { sinceUs, oldUs, limit }: { sinceUs: number; oldUs: number; limit: number },
): { streams: PointsUse[]; series: SeriesPoints[] } | null {
  return whileReading(indexFile, (database) => {
    if (!hasHistory(database)) return null;
    const streams = database.prepare<[{ sinceUs: number; oldUs: number }], PointsUse>(BY_STREAM);
    const series = database.prepare<[{ limit: number }], SeriesPoints>(BY_SERIES);
    // One transaction, so that both are of the same moment.
    return database.transaction(() => ({
      streams: streams.all({ sinceUs, oldUs }),
      series: series.all({ limit }),
    }))();
  });
}
