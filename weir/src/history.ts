import { EXIT_CODES, print, toolEnvironment } from "@weir/runtime";
import type { CataloguedSeries } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { type History, readHistory } from "@weir/streams";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  readNumber,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { printCsv, printJsonLines, printTables } from "./history-format.ts";
import { namedSeries, readAllSeries } from "./named-series.ts";
import { TIME_FORMS, type TimeSpan } from "./time.ts";
import { readTimeSpan, readTimeZone } from "./time-options.ts";

/** As many topics as a reading of rows can select by. */
const SERIES_MAX = 100;
const BUCKETS = 50;
const BUCKETS_MAX = 5_000;
const SPAN_HOURS = 24;

export function define(command: Command, surroundings: Surroundings): void {
  command
    .argument("<series...>", `up to ${SERIES_MAX} series, as weir series names them`)
    .option("--from <time>", `the beginning (default: ${SPAN_HOURS} h before the end)`)
    .option("--to <time>", "the end (default: now)")
    .option(
      "--day <day>",
      "a whole day, instead of --from and --to: yesterday, today or 2026-11-26",
    )
    .option("--buckets <n>", `into at most so many spans of time (default: ${BUCKETS})`)
    .option(
      "--time-zone <name>",
      "the zone whose clocks divide the time, and of times without one: Europe/Berlin (default: UTC)",
    )
    .option(
      "--thorough",
      "read every row that is not in the history yet, not only those that should have these points",
    )
    .option("--json", "print each series with its buckets as a line of JSON")
    .option("--csv", "print a line for each bucket of each series as CSV")
    .addHelpText("after", `\nA time is ${TIME_FORMS}.`);
  examples(
    command,
    [
      "history 'home:zigbee2mqtt/Washing machine#power' --from -24h --buckets 25 --time-zone Europe/Berlin",
      "history 'tele/plug/SENSOR#ENERGY.Total' --day yesterday --buckets 24 --csv",
      "history home:kitchen/temperature home:attic/temperature --from -7d --json",
    ],
    `The stream may be left out where only one has the series. Buckets are whole: of the shortest natural step
(1 s to 12 h, days, weeks, months) of which so many hold the time; the last 24 hours touch 25 hours of the
clock. Without points a bucket has the count 0 and no values. docs/reference/series.md says what each value is.`,
  );
  // Commander passes the operands of such an argument as one array.
  action(command, async (given, ...names) => await run(given, names.flat(), surroundings));
}

async function run(
  given: Given,
  names: readonly (string | undefined)[],
  { environment, clock, out, err, stopSignal }: Surroundings,
): Promise<number> {
  const format = readFormat(given);
  const nowUs = clock.now() * 1_000;
  const timeZone = readTimeZone(given);
  const span = readSpan(given, nowUs, timeZone);
  const bounds = { min: 1, max: BUCKETS_MAX, isWhole: true };
  const bucketsMax = readNumber(given, "buckets", bounds) ?? BUCKETS;
  const { streams, indexFile, skewUs } = readStatsConfig(toolEnvironment(environment)).series;
  const followed = new Set(streams.map(({ name }) => name));
  const all = readAllSeries(indexFile).filter(({ stream }) => followed.has(stream));
  const series = readNames(names, all);
  const signal = stopSignal();
  let hasUnreadable = false;
  const source = {
    streams,
    indexFile,
    skewUs,
    nowUs,
    signal,
    onSkipped: ({ kind, reason }: { kind: string; reason: string }) => {
      if (kind === "unreadable") hasUnreadable = true;
      print(`weir history: ${reason}\n`, { to: err });
    },
  };
  const question = { series, ...span, bucketsMax, timeZone, isThorough: given.has("thorough") };
  let history: History;
  try {
    history = await readHistory(question, source);
  } catch (error) {
    if (signal.aborted) return exitCodeOf(signal);
    throw error;
  }
  format(history, { to: out, timeZone });
  return hasUnreadable ? EXIT_CODES.fault : EXIT_CODES.ok;
}

function readFormat(given: Given): typeof printTables {
  if (given.has("json") && given.has("csv")) {
    throw usageFault("--json and --csv exclude each other", "Give one of them.");
  }
  if (given.has("json")) return printJsonLines;
  return given.has("csv") ? printCsv : printTables;
}

function readSpan(given: Given, nowUs: number, timeZone: string): TimeSpan {
  const { fromUs, toUs } = readTimeSpan(given, nowUs, timeZone);
  return { fromUs: fromUs ?? Math.max(0, toUs - SPAN_HOURS * 3_600_000_000), toUs };
}

function readNames(
  names: readonly (string | undefined)[],
  all: readonly CataloguedSeries[],
): CataloguedSeries[] {
  const series = new Set(names.map((name = "") => namedSeries(all, name)));
  if (series.size <= SERIES_MAX) return [...series];
  throw usageFault(
    `there are ${series.size} series, and ${SERIES_MAX} are the most`,
    "Ask for some of them, and then for the others.",
  );
}
