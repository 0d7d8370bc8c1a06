import type { Trial } from "@weir/flows/contract";
import { api, RequestError } from "../api.ts";
import { SERIES_SHOWN_MAX } from "../series/Selected.tsx";
import { patternParts } from "./trial-patterns.ts";

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
