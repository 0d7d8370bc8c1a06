import type { TrialVersion } from "@weir/flows/contract";
import type { Range } from "../chart/range.ts";
import type { Format } from "../format.ts";

const SPAN_MS_MIN = 5 * 60_000;
/** Free at both ends, as a part of the span. */
const MARGIN = 0.03;

/** From the first to the last bucket with a reading; `null`: there is none. */
export function filledSpan({
  edgesMs,
  series,
}: {
  edgesMs: readonly number[];
  series: readonly { count: readonly number[] }[];
}): { fromMs: number; toMs: number } | null {
  const isFilled = (place: number): boolean => series.some(({ count }) => (count[place] ?? 0) > 0);
  const filled = [...edgesMs.keys()].filter(isFilled);
  const [fromMs, toMs] = [edgesMs[filled[0] ?? -1], edgesMs[(filled.at(-1) ?? -1) + 1]];
  return fromMs === undefined || toMs === undefined ? null : { fromMs, toMs };
}

/** The span to show: what is given, with what fired, a margin, and at least some minutes. */
export function shownRange(
  { fromMs, toMs }: { fromMs: number; toMs: number },
  fired: TrialVersion["fired"],
): Range {
  const firstMs = Math.min(fromMs, fired[0]?.atMs ?? fromMs);
  const lastMs = Math.max(toMs, fired.at(-1)?.atMs ?? toMs);
  const spanMs = Math.max(SPAN_MS_MIN, (lastMs - firstMs) * (1 + 2 * MARGIN));
  const middleMs = (firstMs + lastMs) / 2;
  return { spanMs: Math.round(spanMs), toMs: Math.round(middleMs + spanMs / 2) };
}

/** A note with its times in the zone of the page. */
export function noteWords(note: string, { full }: Pick<Format, "full">): string {
  return note.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) =>
    full(Date.parse(time)),
  );
}
