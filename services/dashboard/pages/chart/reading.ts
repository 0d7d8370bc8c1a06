import type { History } from "../../src/contract/series.ts";
import type { Format } from "../format.ts";

type Columns = History["series"][number];

/** What one bucket of a series says, in words. */
export function readingOf(columns: Columns, place: number, format: Format): string {
  const { series, count, min, max, average, last, increase, transitions, share } = columns;
  if ((count[place] ?? 0) === 0) return "–";
  const write = (value: number | null | undefined): string => {
    if (value == null) return "–";
    const { text, unit } = format.quantity(value, series.unit);
    return unit === null ? text : `${text} ${unit}`;
  };
  if (series.kind === "counter") return `+${write(increase[place])}`;
  if (series.kind === "state") {
    const changes = transitions[place] ?? 0;
    const isSwitch = (min[place] ?? 0) >= 0 && (max[place] ?? 0) <= 1;
    if (changes === 0 || !isSwitch) return write(last[place]);
    const times = changes === 1 ? "1 change" : `${format.count(changes)} changes`;
    return `${format.percent(share[place] ?? 0)} % of the time on, ${times}`;
  }
  if (min[place] === max[place]) return write(average[place]);
  return `${write(average[place])} (${write(min[place])} to ${write(max[place])})`;
}

/** The time of a bucket, in full. */
export function timeOf({ edgesMs }: History, place: number, format: Format): string {
  const fromMs = edgesMs[place] as number;
  const toMs = edgesMs[place + 1] as number;
  if (toMs - fromMs >= 24 * 3_600_000) {
    const lastDay = format.day(toMs - 1);
    return format.day(fromMs) === lastDay ? lastDay : `${format.day(fromMs)} – ${lastDay}`;
  }
  const clock = (toMs - fromMs) % 60_000 === 0 ? format.clock : format.clockSeconds;
  return `${format.day(fromMs)}, ${clock(fromMs)} – ${clock(toMs)}`;
}
