import { type Statistics, WINDOWS } from "@weir/protocol";
import Table from "cli-table3";
import type { Format } from "./config.ts";

/** What the printer shows now. */
interface Update {
  /** The newest statistics, or `null` once they are stale. */
  statistics: Statistics | null;
  /** When the newest statistics were made, however old they are. */
  updatedAt: Date | null;
  /** Another program has written since: the table is no longer where it was drawn. */
  isInterrupted?: boolean;
}

/** What the printer writes. */
export interface Shown {
  /** Moves the cursor, in front of the text; only for a terminal. */
  control?: string;
  text: string;
}

/** A way to show updates. */
export type Output = (update: Update) => Shown;

/** @param isTerminal whether the text goes where a table can be redrawn in place. */
export function createOutput(format: Format, isTerminal: boolean): Output {
  switch (format) {
    case "json":
      return ({ statistics }) => ({ text: `${JSON.stringify(statistics)}\n` });
    case "csv":
      return createCsvOutput();
    case "table":
      return isTerminal ? createPanelOutput() : createLinesOutput();
  }
}

const HEADERS = WINDOWS.map(({ average }) => average);
const HEADER_EVERY_LINES = 20;
const COLUMN_WIDTH = 14;

/** A line for each update, without borders, so that lines stay a table when they are appended. */
function createLinesOutput(): Output {
  const line = (texts: readonly string[]): string =>
    `${texts.map((text) => text.padStart(COLUMN_WIDTH)).join("")}\n`;
  let lines = 0;
  return ({ statistics }) => {
    const header = lines % HEADER_EVERY_LINES === 0 ? line(HEADERS) : "";
    lines += 1;
    return { text: header + line(averagesOf(statistics)) };
  };
}

function createCsvOutput(): Output {
  const header = ["at", ...HEADERS, ...WINDOWS.map(({ name }) => `count_${name}`)];
  let isFirst = true;
  return ({ statistics }) => {
    const row =
      statistics === null
        ? header.map(() => "")
        : [
            statistics.at,
            ...HEADERS.map((average) => statistics[average] ?? ""),
            ...WINDOWS.map(({ name }) => statistics.windows[name].count),
          ];
    const text = `${isFirst ? `${header.join(",")}\n` : ""}${row.join(",")}\n`;
    isFirst = false;
    return { text };
  };
}

const HISTORY_MAX = 40;
const CURSOR_UP = (lines: number): string => (lines === 0 ? "" : `\x1b[${lines}A\r`);
const ERASE_BELOW = "\x1b[J";

/** A table that is redrawn in place. */
function createPanelOutput(): Output {
  const history: (number | null)[] = [];
  let drawnLines = 0;
  return (update) => {
    history.push(update.statistics?.avg_1min ?? null);
    if (history.length > HISTORY_MAX) history.shift();
    const text = panelText(update, history);
    const control = update.isInterrupted ? "" : CURSOR_UP(drawnLines) + ERASE_BELOW;
    drawnLines = text.split("\n").length - 1;
    return { control, text };
  };
}

/**
 * The table with counts, then the time and the course of the one-minute average.
 *
 * @param history the newest averages over one minute, oldest first.
 */
function panelText({ statistics, updatedAt }: Update, history: readonly (number | null)[]): string {
  const table = new Table({
    head: ["", ...HEADERS],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const details = WINDOWS.map(({ name }) => statistics?.windows[name]);
  table.push(
    ["average", ...averagesOf(statistics)],
    ["count", ...details.map((detail) => String(detail?.count ?? "-"))],
    ["min", ...details.map((detail) => numberText(detail?.min ?? null))],
    ["max", ...details.map((detail) => numberText(detail?.max ?? null))],
  );
  const updated =
    updatedAt === null
      ? "waiting for statistics"
      : `as of ${updatedAt.toISOString().slice(11, 19)} UTC`;
  const lag =
    statistics === null || statistics.lagRows === 0 ? "" : `, ${statistics.lagRows} rows behind`;
  return `${table.toString()}\n${updated}${lag}   avg_1min ${sparkline(history)}\n`;
}

/** The averages as texts, `-` for each where there are no fresh statistics. */
function averagesOf(statistics: Statistics | null): string[] {
  return HEADERS.map((average) => numberText(statistics === null ? null : statistics[average]));
}

const BARS = "▁▂▃▄▅▆▇█";

/** Values as a line of bars, lowest to highest of those given; a gap where there is no value. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const min = Math.min(...known);
  const span = Math.max(...known) - min;
  return values
    .map((value) => {
      if (value === null) return " ";
      const height = span === 0 ? 0.5 : (value - min) / span;
      return BARS[Math.round(height * (BARS.length - 1))];
    })
    .join("");
}

const SIGNIFICANT_DIGITS = 6;

/**
 * A number as the old printer showed it: six significant digits, without trailing zeros, exponents
 * where C's `%g` has them; `-` where there is none.
 */
export function numberText(value: number | null): string {
  if (value === null) return "-";
  if (value === 0) return "0";
  const [mantissa = "", exponentText = "0"] = value
    .toExponential(SIGNIFICANT_DIGITS - 1)
    .split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= SIGNIFICANT_DIGITS) {
    const sign = exponent < 0 ? "-" : "+";
    return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return withoutTrailingZeros(value.toFixed(SIGNIFICANT_DIGITS - 1 - exponent));
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
