import type { Kind } from "@weir/series";

/** How many values a card shows. */
const VALUES_MAX = 4;

/** What people want to see first, by device class, path or name in lower case. */
const FIRST: readonly RegExp[] = [
  /temperature/,
  /humidity|moisture/,
  /(?<![a-z])power(?![a-z])/,
  /co2|carbon_dioxide|pm2|pm10|voc/,
  /space-used|disk.*used/,
  /(?<![a-z])(?:cpu|load)(?![a-z])/,
  /(?<![a-z])(?:memory|ram)(?![a-z])/,
  /battery/,
  /illuminance|pressure|wind|distance/,
];
/** What says how well the device is connected, which matters when something is wrong. */
const LAST = /link_?quality|rssi|signal|snr|uptime|heap|(?<![a-z])(?:lqi|seq)(?![a-z])/;
/** Behind those of `FIRST`. */
const RANKS = { known: 50, unknown: 60, state: 70, last: 80, counter: 90 } as const;

/** What is asked of a series here. */
interface Rated {
  path: string;
  topic: string;
  name: string | null;
  unit: string | null;
  class: string | null;
  kind: Kind;
}

/** The series of a device that tell most, the best first, 4 at most, and each sort once as long as there are others. */
export function tellingValues<S extends Rated>(series: readonly S[]): S[] {
  const rated = series.map((one) => ({ one, ...ratingOf(one) }));
  rated.sort(
    (a, b) =>
      a.rank - b.rank || compare(a.one.topic, b.one.topic) || compare(a.one.path, b.one.path),
  );
  const seen = new Set<string | number>();
  const [firsts, others]: [S[], S[]] = [[], []];
  for (const { one, sort } of rated) {
    const isFirst = sort === null || !seen.has(sort);
    if (sort !== null) seen.add(sort);
    (isFirst ? firsts : others).push(one);
  }
  return [...firsts, ...others].slice(0, VALUES_MAX);
}

/** A smaller rank is more telling; `null` is a sort that is not known. */
function ratingOf(series: Rated): { rank: number; sort: string | number | null } {
  const { path, topic, name, unit, class: deviceClass, kind } = series;
  const words = [deviceClass, path === "" ? topic : path, name].map((text) => text?.toLowerCase());
  const says = (sort: RegExp): boolean =>
    words.some((text) => text !== undefined && sort.test(text));
  const place = FIRST.findIndex(says);
  const sort = deviceClass ?? unit;
  if (kind === "counter") return { rank: RANKS.counter, sort };
  if (says(LAST)) return { rank: RANKS.last, sort };
  if (kind === "state") return { rank: RANKS.state, sort };
  if (place !== -1) return { rank: place, sort: place };
  return { rank: sort === null ? RANKS.unknown : RANKS.known, sort };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
