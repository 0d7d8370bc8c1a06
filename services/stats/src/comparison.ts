import type { Statistics, WINDOWS } from "@weir/messages";
import type { SpanSummary, StoreReader } from "@weir/store";

/** One window, as published and as SQL says. */
export interface Comparison {
  name: string;
  published: { average: number | null; count: number; min: number | null; max: number | null };
  sql: SpanSummary;
  isEqual: boolean;
}

/** How far an average may be from SQL's, relative to the mean of |value|. */
const TOLERANCE = 1e-9;

/** Holds one window of a publication to SQL over the rows that it names. */
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
