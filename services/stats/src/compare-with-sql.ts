import {
  NUMBER_MAGNITUDE_MAX,
  OBSERVED_US_MIN,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
  type Statistics,
  type WINDOWS,
} from "@weir/protocol";
import { STATE_WORDS } from "@weir/series";
import { askSegments, type SpanSummary, type StoreReader, type StreamPlace } from "@weir/store";

/** What makes a stored message a device's state. */
interface StateRules {
  /** The first levels of the topics of devices: a device is the same under each of them. */
  prefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is replaced, in microseconds. */
  skewUs: number;
}

/** One window, as published and as SQL computes it. */
export interface Comparison {
  name: string;
  published: { average: number | null; count: number; min: number | null; max: number | null };
  sql: SpanSummary;
  isEqual: boolean;
}

/** How far an average may be from SQL's, relative to the mean of |value|. */
const TOLERANCE = 1e-9;

/** Compares one window of a publication with SQL over the rows that it names. */
export function compareWithSql(
  window: (typeof WINDOWS)[number],
  statistics: Statistics,
  reader: Pick<StoreReader, "summarizeSpan">,
): Comparison {
  const { at, throughId } = statistics;
  const sql = reader.summarizeSpan({ throughId, from: at - window.spanSeconds + 1, to: at });
  const { count, min, max } = statistics.windows[window.name];
  const average = statistics[window.average];
  const isEqual =
    count === sql.count && min === sql.min && max === sql.max && isClose(average, sql);
  return { name: window.average, published: { average, count, min, max }, sql, isEqual };
}

function isClose(average: number | null, { average: expected, magnitude }: SpanSummary): boolean {
  if (average === null || expected === null) return average === expected;
  return Math.abs(average - expected) <= TOLERANCE * (magnitude ?? 0);
}

/** The comparison as text for a terminal. */
export function renderComparison(
  statistics: Statistics,
  comparisons: readonly Comparison[],
): string {
  const lines = comparisons.map(({ name, published, sql, isEqual }) =>
    [
      name.padEnd(9),
      `published ${published.average ?? "-"} over ${published.count}`.padEnd(44),
      `SQL ${sql.average ?? "-"} over ${sql.count}`.padEnd(38),
      isEqual ? "equal" : "DIFFERENT",
    ].join("  "),
  );
  const head = `at ${new Date(statistics.at * 1_000).toISOString()}, rows through ${statistics.throughId}`;
  return `${[head, ...lines].join("\n")}\n`;
}

/** SQL's aggregates over one segment. */
interface SegmentSummary {
  count: number;
  sum: number;
  min: number | null;
  max: number | null;
  magnitudes: number;
}

/**
 * Reads states as the family weir-state does, and shares nothing with it, so that each checks the other. The time
 * of a state is in its row, if the decoder `device` wrote it. In three rare cases it differs: of a key that
 * occurs twice SQLite takes the first, it also counts attributes beyond the limit of a payload, and of rows
 * without a time it reads the forms of time that SQLite knows.
 */
const SQL = `
WITH payloads AS (
  SELECT received_us, observed_us, outcome, rtrim(CAST(payload AS TEXT), char(0)) AS state
  FROM rows JOIN topics ON topics.id = rows.topic_id
  WHERE rows.id <= @throughId AND rows.outcome <> @retained AND length(payload) <= @bytesMax
    AND topics.topic IN (SELECT value || '/' || @device || '/state' FROM json_each(@prefixes))
),
texts AS (
  SELECT received_us, observed_us,
         observed_us IS NOT NULL OR outcome = @nonFinite AS is_decoded,
         iif(unicode(state) = 0xFEFF, substr(state, 2), state) AS state
  FROM payloads
),
states AS (
  SELECT received_us, observed_us,
         CASE WHEN json_valid(state) THEN state
              WHEN is_decoded THEN replace(replace(state, '-nan', 'nan'), '-NaN', 'nan') END AS state
  FROM texts
),
parts AS (
  SELECT received_us, observed_us, state ->> @path AS value, json_type(state, @path) AS kind,
         iif(json_type(state, '$.time') = 'object', state ->> '$.time."$date"', state ->> '$.time') AS time
  FROM states WHERE CASE WHEN json_valid(state, 2) THEN json_type(state, '$.data') = 'object' END
),
numbers AS (
  SELECT received_us, coalesce(word.value, CAST(parts.value AS REAL)) AS value,
         CASE WHEN observed_us IS NOT NULL THEN observed_us
              WHEN typeof(time) = 'text' AND NOT time GLOB '*[0-9]*' THEN NULL
              WHEN typeof(time) = 'text' AND trim(time) GLOB '?*[^0-9. ]*' THEN unixepoch(time, 'subsec') * 1e6
              WHEN CAST(time AS REAL) < 0 THEN received_us + floor(CAST(time AS REAL) * 1e3)
              WHEN CAST(time AS REAL) < 1e11 THEN floor(CAST(time AS REAL) * 1e6)
              WHEN CAST(time AS REAL) < 1e14 THEN floor(CAST(time AS REAL) * 1e3)
              ELSE floor(CAST(time AS REAL)) END AS observed
  FROM parts LEFT JOIN json_each(@words) AS word ON kind = 'text' AND word.key = lower(trim(parts.value))
  WHERE kind IN ('integer', 'real', 'true', 'false') OR word.value IS NOT NULL
     OR kind = 'text' AND json_valid(trim(parts.value), 2) AND NOT trim(parts.value) GLOB '*[^0-9eE.+-]*'
),
readings AS (
  SELECT value,
         floor(iif(observed BETWEEN @floorUs AND received_us + @skewUs, observed, received_us) / 1e6) AS second
  FROM numbers WHERE abs(value) <= @magnitudeMax
)
SELECT count(*) AS count, total(value) AS sum, min(value) AS min, max(value) AS max,
       total(abs(value)) AS magnitudes
FROM readings WHERE second BETWEEN @from AND @to`;

/** The words of states, and what they count as. */
const WORDS = JSON.stringify(
  Object.fromEntries(
    STATE_WORDS.flatMap(([one, zero]) => [
      [one, 1],
      [zero, 0],
    ]),
  ),
);

/** SQL's own aggregates over one series, out of all segments that may have readings of the span. */
export function seriesInSql(
  // Device and attribute are names: they need no escaping.
  series: StateRules & { place: StreamPlace; device: string; attribute: string },
): Pick<StoreReader, "summarizeSpan"> {
  const { place, device, attribute, prefixes, skewUs } = series;
  return {
    summarizeSpan: (span) => {
      const answers = askSegments<SegmentSummary>(place, {
        sql: SQL,
        parameters: {
          ...span,
          device,
          path: `$.data."${attribute}"`,
          prefixes: JSON.stringify(prefixes),
          words: WORDS,
          retained: outcomeOf("retained").code,
          skewUs,
          floorUs: OBSERVED_US_MIN,
          nonFinite: outcomeOf("NaN or infinity in JSON").code,
          bytesMax: PAYLOAD_BYTES_MAX,
          magnitudeMax: NUMBER_MAGNITUDE_MAX,
        },
        fromUs: span.from * 1_000_000 - skewUs,
      });
      return totalOf(answers.filter(({ count }) => count > 0));
    },
  };
}

function totalOf(answers: readonly SegmentSummary[]): SpanSummary {
  const count = sumOf(answers, "count");
  if (count === 0) return { count, average: null, min: null, max: null, magnitude: null };
  return {
    count,
    average: sumOf(answers, "sum") / count,
    min: Math.min(...answers.map(({ min }) => min ?? Infinity)),
    max: Math.max(...answers.map(({ max }) => max ?? -Infinity)),
    magnitude: sumOf(answers, "magnitudes") / count,
  };
}

function sumOf(answers: readonly SegmentSummary[], field: "count" | "sum" | "magnitudes"): number {
  return answers.reduce((sum, answer) => sum + answer[field], 0);
}
