import { EXIT_CODES, print, toolEnvironment, visible } from "@weir/runtime";
import {
  type CataloguedSeries,
  formatSeries,
  KINDS,
  type SeriesSearch,
  searchSeries,
} from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import type { Command } from "commander";
import {
  action,
  columnsText,
  examples,
  type Given,
  grouped,
  optionFault,
  printJson,
  type Surroundings,
} from "./command-line.ts";
import { readAllSeries } from "./named-series.ts";

/** How many series are printed without `--all`. */
const SHOWN_MAX = 200;

export function define(command: Command, { environment, clock, out, err }: Surroundings): void {
  command
    .argument(
      "[text]",
      "only series whose name, topic, path, device and unit contain each word of this text",
    )
    .option("--stream <name>", "only those of this stream")
    .option("--kind <kind>", `only ${KINDS.join(", ")}`)
    .option("--all", `print every series, not only the first ${SHOWN_MAX}`)
    .option("--json", "print each series as a line of JSON");
  examples(
    command,
    ["series", "series power --stream home", "series --kind state --json"],
    `It prints each series with its newest value, the age of that, its unit, and points a minute. stats
writes the catalogue every five seconds into index.db beside DB_FILE, where any SQLite tool can read it.`,
  );
  action(command, (given, text) => {
    const { indexFile } = readStatsConfig(toolEnvironment(environment)).series;
    const found = searchSeries(readAllSeries(indexFile), { ...readSearch(given), text });
    if (given.has("json")) for (const series of found) printJson(series, { to: out });
    else print(render(found, given.has("all"), clock.now()), { to: out });
    if (found.length === 0) print("weir series: no series match\n", { to: err });
    return EXIT_CODES.ok;
  });
}

function readSearch(given: Given): SeriesSearch {
  const kind = given.text("kind");
  const known = KINDS.find((one) => one === kind);
  if (kind !== null && known === undefined) {
    throw optionFault("kind", kind, `one of ${KINDS.join(", ")}`);
  }
  return { kind: known, stream: given.text("stream") ?? undefined };
}

function render(found: readonly CataloguedSeries[], isAll: boolean, nowMs: number): string {
  const shown = isAll ? found : found.slice(0, SHOWN_MAX);
  const rows = shown.map((series) => [
    visible(formatSeries(series)),
    visible(series.name ?? ""),
    valueText(series),
    ageText(nowMs - series.newestUs / 1_000),
    series.kind,
    series.intervalMs === 0 ? "" : (60_000 / series.intervalMs).toPrecision(3),
  ]);
  const head = ["series", "name", "value", "age", "kind", "points/min"];
  const rest = found.length - shown.length;
  const more = rest === 0 ? "" : `${grouped(rest)} more; --all prints them\n`;
  return rows.length === 0 ? "" : `${columnsText([head, ...rows])}\n${more}`;
}

/** `230.1 V`; what a payload names as a unit is text of a device. */
function valueText({ newestValue, unit }: { newestValue: number; unit: string | null }): string {
  return visible(unit === null ? String(newestValue) : `${newestValue} ${unit}`);
}

const AGES = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** The largest unit is enough: `3 min`. */
function ageText(ageMs: number): string {
  const [size, unit] = AGES.find(([least]) => ageMs >= least) ?? [1_000, "s"];
  return `${Math.max(0, Math.floor(ageMs / size))} ${unit}`;
}
