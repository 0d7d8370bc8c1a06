import { type Statistics, WINDOW_SECONDS_MAX, WINDOWS } from "@weir/protocol";
import { readMemory } from "@weir/series";
import { positionOf, readRange, type SpanSummary } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { type Comparison, compareWithSql } from "./compare-with-sql.ts";
import type { FollowedStream, SeriesConfig } from "./config.ts";

/** One series' publication, and what a straightforward loop over the rows computes. */
export interface SeriesComparison {
  topic: string;
  throughId: number;
  isEqual: boolean;
  windows: Comparison[];
}

/**
 * Compares publications with a loop over every stored row that they count. It shares with stats how a payload is
 * read, and nothing of how windows are kept.
 *
 * @param publications by topic.
 */
export async function compareWithRows(
  { streams, indexFile, skewUs }: Pick<SeriesConfig, "streams" | "indexFile" | "skewUs">,
  publications: ReadonlyMap<string, Statistics>,
): Promise<SeriesComparison[]> {
  const counted = new Map(
    [...publications].map(([topic, statistics]) => [topic, new CountedSeries(statistics)]),
  );
  for (const stream of streams) {
    if (stream.topicOf !== null) await count(stream, { counted, indexFile, skewUs });
  }
  return [...counted].map(([topic, series]) => ({ topic, ...series.compare() }));
}

async function count(
  stream: FollowedStream,
  given: { counted: ReadonlyMap<string, CountedSeries>; indexFile: string; skewUs: number },
): Promise<void> {
  const { counted, indexFile, skewUs } = given;
  const reader = openSeriesReader(stream, skewUs);
  const memory = readMemory(indexFile, stream.name);
  const earliestSecond = Math.min(...counted.values().map(({ fromSecond }) => fromSecond));
  const fromUs = earliestSecond * 1_000_000 - skewUs;
  for await (const page of readRange(stream.place, { fromUs, isThorough: true })) {
    for (const message of page.messages) {
      const row = positionOf(message.cursor);
      const { topic, family, points } = reader.read(message, memory.at(row));
      for (const { path, value, observedUs } of points) {
        const series = counted.get(stream.topicOf?.(topic, path, family) ?? "");
        series?.add({ id: row.id, second: Math.floor(observedUs / 1_000_000), value });
      }
    }
  }
}

interface CountedPoint {
  id: number;
  second: number;
  value: number;
}

/** What a loop over the rows counts of one series. */
class CountedSeries {
  readonly fromSecond: number;
  readonly #statistics: Statistics;
  readonly #totals = WINDOWS.map(() => ({
    count: 0,
    sum: 0,
    magnitudes: 0,
    min: Infinity,
    max: -Infinity,
  }));
  /** Of counters and states: in the order of arrival. */
  readonly #points: CountedPoint[] = [];
  readonly #isOrdered: boolean;

  constructor(statistics: Statistics) {
    this.#statistics = statistics;
    this.fromSecond = statistics.at - WINDOW_SECONDS_MAX + 1;
    const { increase, transitions } = statistics.windows["30min"];
    this.#isOrdered = increase !== undefined || transitions !== undefined;
  }

  add(point: CountedPoint): void {
    const { at, throughId } = this.#statistics;
    const { id, second, value } = point;
    if (id > throughId || second > at || second < this.fromSecond) return;
    if (this.#isOrdered) this.#points.push(point);
    for (const [index, { spanSeconds }] of WINDOWS.entries()) {
      const total = this.#totals[index];
      if (total === undefined || second <= at - spanSeconds) continue;
      total.count += 1;
      total.sum += value;
      total.magnitudes += Math.abs(value);
      total.min = Math.min(total.min, value);
      total.max = Math.max(total.max, value);
    }
  }

  compare(): Omit<SeriesComparison, "topic"> {
    const windows = WINDOWS.map((window, index) => {
      const sql = { summarizeSpan: () => this.#summary(index) };
      const compared = compareWithSql(window, this.#statistics, sql);
      const isEqual = compared.isEqual && this.#hasSameChanges(window);
      return { ...compared, isEqual };
    });
    const { throughId } = this.#statistics;
    return { throughId, isEqual: windows.every(({ isEqual }) => isEqual), windows };
  }

  #summary(index: number): SpanSummary {
    const total = this.#totals[index];
    if (total === undefined || total.count === 0) {
      return { count: 0, average: null, min: null, max: null, magnitude: null };
    }
    const { count, sum, magnitudes, min, max } = total;
    return { count, average: sum / count, min, max, magnitude: magnitudes / count };
  }

  #hasSameChanges({ name, spanSeconds }: (typeof WINDOWS)[number]): boolean {
    const { at, windows } = this.#statistics;
    const published = windows[name];
    if (!this.#isOrdered) return true;
    const points = this.#points
      .filter(({ second }) => second > at - spanSeconds)
      .toSorted((one, other) => one.second - other.second);
    let increase = 0;
    let transitions = 0;
    let onSeconds = 0;
    for (const [index, { second, value }] of points.entries()) {
      const next = points[index + 1];
      onSeconds += value * ((next?.second ?? at + 1) - second);
      if (next === undefined) break;
      increase += next.value >= value ? next.value - value : next.value;
      transitions += Number(next.value !== value);
    }
    const first = points[0];
    const share = first === undefined ? null : onSeconds / (at + 1 - first.second);
    return (
      isNear(published.increase, increase) &&
      isNear(published.transitions, transitions) &&
      (published.share === undefined || published.share === share || isNear(published.share, share))
    );
  }
}

/** Whether a published number, where there is one, is the counted one but for rounding. */
function isNear(published: number | null | undefined, counted: number | null): boolean {
  if (published === undefined) return true;
  if (published === null || counted === null) return published === counted;
  return Math.abs(published - counted) <= 1e-9 * Math.max(1, Math.abs(counted));
}
