import type { History, Series } from "../../src/contract/series.ts";
import { api } from "../api.ts";
import { serverNow } from "../clock.ts";
import { bridged } from "./line-path.ts";
import { type Loaded, useLoaded } from "./loaded.ts";

/** A series shows the shortest of these that it fills, a day at most. */
const SPANS_MS = [600_000, 3_600_000, 86_400_000] as const;
const BUCKETS = 60;
/** Names in one question: they are in its address. */
const NAMES_MAX = 40;
const EVERY_MS = 60_000;

/** What a small line shows. */
export interface PastLine {
  values: (number | null)[];
  spanMs: number;
}

/** The lines of several series, by their names: a day, or less of what is younger. */
export function usePastLines(all: readonly Series[]): Loaded<Map<string, PastLine>> {
  const key = all.length === 0 ? null : `past ${all.map(({ series }) => series).join(" ")}`;
  return useLoaded(
    key,
    async (signal) => {
      const nowMs = serverNow();
      const lines = new Map<string, PastLine>();
      const ask = async (names: readonly string[], spanMs: number): Promise<void> => {
        const history = await pastOf(names, spanMs, BUCKETS, signal);
        for (const one of history.series) {
          lines.set(one.series.series, { values: lineOf(one, history.edgesMs), spanMs });
        }
      };
      const questions = SPANS_MS.flatMap((spanMs) => {
        const names = all.filter((one) => spanOf(one, nowMs) === spanMs);
        return chunks(
          names.map(({ series }) => series),
          NAMES_MAX,
        ).map((part) => ask(part, spanMs));
      });
      await Promise.all(questions);
      return lines;
    },
    { everyMs: EVERY_MS },
  );
}

function spanOf({ firstMs }: Series, nowMs: number): number {
  return SPANS_MS.find((spanMs) => nowMs - firstMs <= spanMs) ?? SPANS_MS[2];
}

/** The history of the last milliseconds. */
export function pastOf(
  series: readonly string[],
  spanMs: number,
  buckets: number,
  signal: AbortSignal,
): Promise<History> {
  return api.history({ series, fromMs: Math.floor(serverNow() - spanMs), buckets }, signal);
}

/** Values of a series come as regularly as this times their usual interval. */
const LATE_FACTOR = 3;

/**
 * What of a history is drawn as one line: a counter by how much it grew. Buckets between two values of a series that
 * comes less often than once a bucket are no gap.
 */
export function lineOf(
  { series, average, last, increase }: History["series"][number],
  edgesMs: History["edgesMs"],
): (number | null)[] {
  const bucketMs = (edgesMs[1] ?? 0) - (edgesMs[0] ?? 0);
  const gapMax = bucketMs > 0 ? Math.floor((LATE_FACTOR * series.intervalMs) / bucketMs) : 0;
  switch (series.kind) {
    case "counter":
      return increase;
    case "state":
      return last;
    case "gauge":
      return bridged(average, gapMax);
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
