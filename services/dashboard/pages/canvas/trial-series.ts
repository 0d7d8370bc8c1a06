import type { Trial } from "@weir/flows/contract";
import { api, RequestError } from "../api.ts";
import type { Range } from "../chart/range.ts";
import { SERIES_SHOWN_MAX } from "../series/Selected.tsx";
import { patternParts } from "./trial-patterns.ts";
import { filledSpan, shownRange } from "./trial-span.ts";

const BUCKETS = 600;
/** A year in so many buckets, and one of those in as many again, is exact to minutes. */
const LOOKS = 2;

/** The series that patterns mean, and those that a trial was about, as far as a chart shows them. */
export async function seriesOf(
  patterns: readonly string[],
  fired: Trial["asked"]["fired"],
  signal: AbortSignal,
): Promise<string[]> {
  const found = await Promise.all(
    patterns.map(async (pattern) => {
      const { stream, topic, path } = patternParts(pattern);
      const question = { filter: topic, limit: 200, ...(stream === null ? {} : { stream }) };
      try {
        const { series } = await api.series(question, signal);
        return series.filter((one) => one.path === path).map((one) => one.series);
      } catch (error) {
        // What is no filter has no series.
        if (error instanceof RequestError && error.status === 400) return [];
        throw error;
      }
    }),
  );
  const known = new Set(found.flat());
  const about = fired.map((one) => one.about).filter((name) => known.has(name));
  return [...new Set([...about, ...known])].slice(0, SERIES_SHOWN_MAX);
}

/** The part of the asked span that has readings of these series. */
export async function rangeOfReadings(
  { fromMs, toMs, asked }: Pick<Trial, "fromMs" | "toMs" | "asked">,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Range> {
  let span = { fromMs, toMs };
  for (let look = 0; look < LOOKS; look += 1) {
    const question = { series: names, ...span, buckets: BUCKETS };
    span = filledSpan(await api.history(question, signal)) ?? span;
  }
  return shownRange(span, asked.fired);
}
