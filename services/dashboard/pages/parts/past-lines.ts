import type { History, Series } from "../../src/contract/series.ts";
import { api } from "../api.ts";
import { serverNow } from "../clock.ts";
import { type Loaded, useLoaded } from "./loaded.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A series that is younger shows its last hour. */
const YOUNG_MS = 2 * HOUR;
const BUCKETS = 60;
/** Names in one question: they are in its address. */
const NAMES_MAX = 40;
const EVERY_MS = 60_000;

/** What a small line shows. */
export interface PastLine {
  values: (number | null)[];
  spanMs: number;
}

/** The lines of several series, by their names: a day, or the last hour of a young series. */
export function usePastLines(all: readonly Series[]): Loaded<Map<string, PastLine>> {
  const key = all.length === 0 ? null : `past ${all.map(({ series }) => series).join(" ")}`;
  return useLoaded(
    key,
    async (signal) => {
      const nowMs = serverNow();
      const isYoung = (one: Series): boolean => nowMs - one.firstMs < YOUNG_MS;
      const lines = new Map<string, PastLine>();
      const ask = async (names: readonly string[], spanMs: number): Promise<void> => {
        const history = await pastOf(names, spanMs, BUCKETS, signal);
        for (const one of history.series) {
          lines.set(one.series.series, { values: lineOf(one), spanMs });
        }
      };
      const young = all.filter(isYoung).map(({ series }) => series);
      const grown = all.filter((one) => !isYoung(one)).map(({ series }) => series);
      await Promise.all([
        ...chunks(young, NAMES_MAX).map((names) => ask(names, HOUR)),
        ...chunks(grown, NAMES_MAX).map((names) => ask(names, DAY)),
      ]);
      return lines;
    },
    { everyMs: EVERY_MS },
  );
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

/** What of a history is drawn as one line: a counter by how much it grew. */
export function lineOf({
  series,
  average,
  last,
  increase,
}: History["series"][number]): (number | null)[] {
  switch (series.kind) {
    case "counter":
      return increase;
    case "state":
      return last;
    case "gauge":
      return average;
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
