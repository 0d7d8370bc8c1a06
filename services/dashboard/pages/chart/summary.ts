import type { History } from "../../src/contract/series.ts";
import type { Format } from "../format.ts";
import { labelOf } from "../parts/series-words.ts";
import type { Range } from "./range.ts";

/** What a chart shows, for those who do not see it. */
export function summaryOf(
  { series, edgesMs }: History,
  { toMs, spanMs }: Range,
  format: Format,
): string {
  const span =
    toMs === null
      ? `the last ${format.duration(spanMs)}`
      : `${format.full(edgesMs[0] as number)} to ${format.full(edgesMs.at(-1) as number)}`;
  const each = series.map(({ series: one, min, max, last }) => {
    const lows = min.filter((value) => value !== null);
    const highs = max.filter((value) => value !== null);
    const name = labelOf(one);
    if (lows.length === 0 || highs.length === 0) return `${name}: nothing stored`;
    const write = (value: number) => {
      const { text, unit } = format.quantity(value, one.unit);
      return unit === null ? text : `${text} ${unit}`;
    };
    const newest = last.findLast((value) => value !== null) as number;
    const low = lows.reduce((one, other) => Math.min(one, other));
    const high = highs.reduce((one, other) => Math.max(one, other));
    return `${name}: ${write(low)} to ${write(high)}, newest ${write(newest)}`;
  });
  return `Chart of ${span}. ${each.join(". ")}.`;
}
