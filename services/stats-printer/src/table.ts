import { type Statistics, WINDOWS } from "@weir/messages";
import Table from "cli-table3";
import { numberText } from "./number-text.ts";
import { sparkline } from "./sparkline.ts";

const HEADERS = WINDOWS.map(({ average }) => average);
const COLUMN_WIDTH = 14;

/** The averages as texts, `-` for each where there are no fresh statistics. */
function cells(statistics: Statistics | null): string[] {
  return WINDOWS.map(({ average }) => numberText(statistics === null ? null : statistics[average]));
}

/** What a terminal shows, redrawn in place. */
export interface Panel {
  /** `null` when there are no fresh statistics. */
  statistics: Statistics | null;
  /** The newest averages over one minute, oldest first. */
  history: readonly (number | null)[];
  /** The time of the newest statistics, however old. */
  updatedAt: Date | null;
}

/** The panel's text: the table with counts, then the time and the course of the one-minute average. */
export function renderPanel({ statistics, history, updatedAt }: Panel): string {
  const table = new Table({
    head: ["", ...HEADERS],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const details = WINDOWS.map(({ name }) => statistics?.windows[name]);
  table.push(
    ["average", ...cells(statistics)],
    ["count", ...details.map((detail) => String(detail?.count ?? "-"))],
    ["min", ...details.map((detail) => numberText(detail?.min ?? null))],
    ["max", ...details.map((detail) => numberText(detail?.max ?? null))],
  );
  const updated =
    updatedAt === null ? "waiting for statistics" : `as of ${clockText(updatedAt)} UTC`;
  const lag =
    statistics === null || statistics.lagRows === 0 ? "" : `, ${statistics.lagRows} rows behind`;
  return `${table.toString()}\n${updated}${lag}   avg_1min ${sparkline(history)}\n`;
}

function clockText(time: Date): string {
  return time.toISOString().slice(11, 19);
}

/** The header above lines that are appended one by one. */
export function renderHeader(): string {
  return renderLine(HEADERS);
}

/** One update as one line under the header. */
export function renderUpdate(statistics: Statistics | null): string {
  return renderLine(cells(statistics));
}

function renderLine(texts: readonly string[]): string {
  const table = new Table({
    chars: Object.fromEntries(BORDERS.map((border) => [border, ""])),
    colWidths: texts.map(() => COLUMN_WIDTH),
    colAligns: texts.map(() => "right" as const),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push([...texts]);
  return `${table.toString()}\n`;
}

const BORDERS = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
  "left",
  "left-mid",
  "mid",
  "mid-mid",
  "right",
  "right-mid",
  "middle",
] as const;
