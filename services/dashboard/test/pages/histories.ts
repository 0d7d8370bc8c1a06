import type { History, Series } from "../../src/contract/series.ts";

type Columns = History["series"][number];

/** A series as the API shows it. */
export function seriesOf(given: Partial<Series> = {}): Series {
  return {
    series: "data:t#v",
    stream: "data",
    topic: "t",
    path: "v",
    device: { id: "t", name: "t" },
    name: null,
    unit: null,
    class: null,
    kind: "gauge",
    family: "auto",
    points: 0,
    firstMs: 0,
    newestMs: 0,
    receivedMs: 0,
    newestValue: 0,
    intervalMs: 0,
    ...given,
  };
}

/** A history of empty buckets of a second, from 0 on. */
export function emptyHistory(buckets: number, ...given: Partial<Series>[]): History {
  const column = () => Array<number | null>(buckets).fill(null);
  return {
    step: "1s",
    edgesMs: Array.from({ length: buckets + 1 }, (_, at) => at * 1_000),
    series: given.map(
      (one): Columns => ({
        series: seriesOf(one),
        count: Array(buckets).fill(0),
        min: column(),
        max: column(),
        average: column(),
        last: column(),
        lastMs: column(),
        increase: column(),
        share: column(),
        transitions: column(),
      }),
    ),
    through: "",
    skipped: [],
  };
}
