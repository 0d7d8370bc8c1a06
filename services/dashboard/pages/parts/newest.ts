import type { Device } from "../../src/contract/devices.ts";
import type { LiveEvents } from "../../src/contract/live.ts";
import type { Series } from "../../src/contract/series.ts";

/** The newest value of a series. */
export interface Newest {
  value: number;
  atMs: number;
}

/** Series whose points cards follow; the names are in the address of the stream. */
const FOLLOWED_MAX = 40;

/** A series as it is after a newer value. */
export function withNewest(series: Series, newest: ReadonlyMap<string, Newest>): Series {
  const known = newest.get(series.series);
  if (known === undefined || known.atMs < series.newestMs) return series;
  return {
    ...series,
    newestValue: known.value,
    newestMs: known.atMs,
    receivedMs: Math.max(series.receivedMs, known.atMs),
  };
}

/** The series that cards follow: the first ones of all devices before the second ones. In an order that stays. */
export function followedBy(devices: readonly Pick<Device, "values">[]): string[] {
  const places = Math.max(0, ...devices.map(({ values }) => values.length));
  return Array.from({ length: places }, (_, place) =>
    devices.flatMap(({ values }) => values[place]?.series ?? []),
  )
    .flat()
    .slice(0, FOLLOWED_MAX)
    .sort();
}

/** The newest values after an event of the live stream. @param names the series in the order of its question. */
export function withPoints(
  newest: ReadonlyMap<string, Newest>,
  names: readonly string[],
  { points }: LiveEvents["points"],
): ReadonlyMap<string, Newest> {
  const next = new Map(newest);
  for (const [index, atMs, value] of points) {
    const name = names[index];
    if (name !== undefined && (next.get(name)?.atMs ?? 0) <= atMs) next.set(name, { value, atMs });
  }
  return next;
}
