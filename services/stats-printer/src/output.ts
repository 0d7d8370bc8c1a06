import { type Statistics, WINDOWS } from "@weir/protocol";
import type { Format } from "./config.ts";
import { renderHeader, renderPanel, renderUpdate } from "./table.ts";

/** What is to be shown now. */
interface Update {
  /** The newest statistics, or `null` once they are stale. */
  statistics: Statistics | null;
  /** When the newest statistics were made, however old they are. */
  updatedAt: Date | null;
  /** Another program has written since: the table is no longer where it was drawn. */
  isInterrupted?: boolean;
}

/** What is to be written. */
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

const HEADER_EVERY_LINES = 20;

function createLinesOutput(): Output {
  let lines = 0;
  return ({ statistics }) => {
    const header = lines % HEADER_EVERY_LINES === 0 ? renderHeader() : "";
    lines += 1;
    return { text: header + renderUpdate(statistics) };
  };
}

const HISTORY_MAX = 40;
const CURSOR_UP = (lines: number): string => (lines === 0 ? "" : `\x1b[${lines}A\r`);
const ERASE_BELOW = "\x1b[J";

function createPanelOutput(): Output {
  const history: (number | null)[] = [];
  let drawnLines = 0;
  return ({ statistics, updatedAt, isInterrupted = false }) => {
    history.push(statistics?.avg_1min ?? null);
    if (history.length > HISTORY_MAX) history.shift();
    const text = renderPanel({ statistics, history, updatedAt });
    const control = isInterrupted ? "" : CURSOR_UP(drawnLines) + ERASE_BELOW;
    drawnLines = text.split("\n").length - 1;
    return { control, text };
  };
}

function createCsvOutput(): Output {
  let isFirst = true;
  const header = [
    "at",
    ...WINDOWS.map(({ average }) => average),
    ...WINDOWS.map(({ name }) => `count_${name}`),
  ];
  return ({ statistics }) => {
    const row =
      statistics === null
        ? header.map(() => "")
        : [
            statistics.at,
            ...WINDOWS.map(({ average }) => statistics[average] ?? ""),
            ...WINDOWS.map(({ name }) => statistics.windows[name].count),
          ];
    const text = `${isFirst ? `${header.join(",")}\n` : ""}${row.join(",")}\n`;
    isFirst = false;
    return { text };
  };
}
