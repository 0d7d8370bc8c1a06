import { createIsoTime } from "@weir/protocol";
import { print, printData, visible } from "@weir/runtime";
import { type Bucket, formatSeries, type Kind } from "@weir/series";
import { csvCell, type History } from "@weir/streams";
import { columnsText, printJson, type Surroundings } from "./command-line.ts";
import { timeText } from "./time.ts";

interface Target {
  to: Surroundings["out"];
  timeZone: string;
}

/** What is shown of a bucket, by the kind of its series. */
const COLUMNS: Readonly<Record<Kind, readonly (readonly [string, (bucket: Bucket) => string])[]>> =
  {
    gauge: [
      ["min", ({ min }) => computed(min)],
      ["max", ({ max }) => computed(max)],
      ["average", ({ average }) => computed(average)],
      ["time-weighted", ({ timeWeightedAverage }) => computed(timeWeightedAverage)],
    ],
    counter: [["increase", ({ increase }) => computed(increase)]],
    state: [
      ["share", ({ timeWeightedAverage }) => percentText(timeWeightedAverage)],
      ["transitions", ({ transitions }) => computed(transitions)],
    ],
  };

/** Prints a table for each series, with times in the time zone. */
export function printTables({ step, answers }: History, { to, timeZone }: Target): void {
  const tables = answers.map(({ series, buckets }) => {
    const columns = COLUMNS[series.kind];
    const head = ["begin", "count", ...columns.map(([name]) => name), "first", "last"];
    const rows = buckets.map((bucket) => [
      timeText(bucket.fromUs, timeZone, 0),
      String(bucket.count),
      ...columns.map(([, text]) => text(bucket)),
      String(bucket.first?.value ?? "-"),
      String(bucket.last?.value ?? "-"),
    ]);
    const { name, unit, kind } = series;
    const about = [name, unit, kind, step === null ? null : `steps of ${step}`, timeZone];
    const title = [formatSeries(series), ...about.filter((one) => one !== null)].join(", ");
    return `${visible(title)}\n${columnsText([head, ...rows])}\n`;
  });
  print(tables.join("\n"), { to });
}

/** A number without the last digits, which are those of rounding. */
function computed(value: number | null): string {
  return value === null ? "-" : String(Number(value.toPrecision(9)));
}

function percentText(share: number | null): string {
  return share === null ? "-" : `${(share * 100).toFixed(1)} %`;
}

/** What programs get of a bucket. What says nothing about a kind of series is not there. */
function valuesOf(bucket: Bucket, kind: Kind) {
  const { count, min, max, average, timeWeightedAverage, first, last } = bucket;
  const { increase, transitions } = bucket;
  return {
    count,
    min,
    max,
    average,
    timeWeightedAverage,
    first: first?.value ?? null,
    last: last?.value ?? null,
    ...(kind === "counter" ? { increase } : {}),
    ...(kind === "state" ? { share: timeWeightedAverage, transitions } : {}),
  };
}

/** A line for each series. Times are in UTC. */
export function printJsonLines({ step, answers }: History, { to, timeZone }: Target): void {
  const isoTime = createIsoTime();
  const timeOf = (sample: Bucket["first"]) => (sample === null ? null : isoTime(sample.us));
  for (const { series, buckets } of answers) {
    const { name, unit, kind } = series;
    const about = { series: formatSeries(series), name, unit, kind, step, timeZone };
    const shown = buckets.map((bucket) => ({
      from: isoTime(bucket.fromUs),
      to: isoTime(bucket.toUs),
      firstTime: timeOf(bucket.first),
      lastTime: timeOf(bucket.last),
      ...valuesOf(bucket, kind),
    }));
    printJson({ ...about, buckets: shown }, { to });
  }
}

const CSV_VALUES = [
  "count",
  "min",
  "max",
  "average",
  "timeWeightedAverage",
  "first",
  "last",
  "increase",
  "share",
  "transitions",
] as const;

/** A line for each bucket of each series, as RFC 4180 has it. Times are in UTC. */
export function printCsv({ answers }: History, { to }: Target): void {
  const isoTime = createIsoTime();
  const timeOf = (sample: Bucket["first"]) => (sample === null ? "" : isoTime(sample.us));
  const cell = csvCell(false);
  const lines = [["series", "from", "to", "firstTime", "lastTime", ...CSV_VALUES].join(",")];
  for (const { series, buckets } of answers) {
    const name = cell(formatSeries(series));
    for (const bucket of buckets) {
      const { fromUs, toUs, first, last } = bucket;
      const times = [isoTime(fromUs), isoTime(toUs), timeOf(first), timeOf(last)];
      const values: Readonly<Record<string, number | null>> = valuesOf(bucket, series.kind);
      lines.push([name, ...times, ...CSV_VALUES.map((column) => values[column] ?? "")].join(","));
    }
  }
  printData(`${lines.join("\r\n")}\r\n`, { to });
}
