import { createIsoTime } from "@weir/protocol";
import type { Fault } from "@weir/runtime";
import { type Path, type Reading, STREAM_SERIES_MAX } from "@weir/series";
import type { StoredMessage } from "@weir/store";
import { csvCell } from "./csv.ts";
import type { MessageFormat } from "./message-formats.ts";

/** What a message says of one time. */
export interface WideRow {
  topic: string;
  /** Microseconds since the epoch. */
  observedUs: number;
  /** By columns. */
  values: Map<string, number>;
}

/** Reads a stored message as rows. */
export type WideRowsOf = (message: StoredMessage) => WideRow[];

/** A row for each time, and one more for each value that another one of the same series and time would replace. */
export function wideRowsOf({ topic, points }: Reading): WideRow[] {
  const rows: WideRow[] = [];
  for (const { path, value, observedUs } of points) {
    const column = columnOf(path);
    const known = rows.find((row) => row.observedUs === observedUs && !row.values.has(column));
    const row = known ?? { topic, observedUs, values: new Map<string, number>() };
    if (known === undefined) rows.push(row);
    row.values.set(column, value);
  }
  return rows;
}

const OWN_COLUMNS: ReadonlySet<string> = new Set(["time", "topic"]);

/** The path, where that is a name that the table has not got already. */
function columnOf(path: Path): string {
  if (path === "") return "value";
  return OWN_COLUMNS.has(path) ? `['${path}']` : path;
}

/** Columns that a wide table has at most, beside the time and the topic. */
export const WIDE_COLUMNS_MAX = STREAM_SERIES_MAX;

/**
 * Collects the columns of a wide table, row by row. The catalogue does not know them: it has series of every time, and
 * not those of the last seconds or beyond its limits, and under topics that families have put together.
 */
export class WideColumns {
  readonly #names = new Set<string>();

  /** @returns false where there are more than a table can have. */
  add(rows: readonly WideRow[]): boolean {
    for (const { values } of rows) for (const column of values.keys()) this.#names.add(column);
    return this.#names.size <= WIDE_COLUMNS_MAX;
  }

  /** All that were added, sorted. */
  get names(): string[] {
    return [...this.#names].sort();
  }
}

/**
 * A table with a column for each path, empty where a row says nothing of it.
 *
 * @param newColumn the error for a row with another column.
 */
export function createWideCsv(
  rowsOf: WideRowsOf,
  columns: readonly string[],
  {
    forSpreadsheet = false,
    newColumn,
  }: { forSpreadsheet?: boolean; newColumn: (column: string) => Fault },
): MessageFormat {
  const isoTime = createIsoTime();
  const cell = csvCell(forSpreadsheet);
  const indexes = new Map(columns.map((column, index) => [column, index]));
  const line = ({ topic, observedUs, values }: WideRow): string => {
    const cells: (string | number)[] = Array(columns.length).fill("");
    for (const [column, value] of values) {
      const index = indexes.get(column);
      if (index === undefined) throw newColumn(column);
      cells[index] = value;
    }
    return `${[isoTime(observedUs), cell(topic), ...cells].join(",")}\r\n`;
  };
  return {
    header: `${["time", "topic", ...columns.map(cell)].join(",")}\r\n`,
    line: (message) => rowsOf(message).map(line).join(""),
  };
}

/** An object for each row, with the paths that it has values of. */
export function createWideJsonLines(rowsOf: WideRowsOf): MessageFormat {
  const isoTime = createIsoTime();
  const line = ({ topic, observedUs, values }: WideRow): string => {
    // Not an object: a path may be "__proto__" or a number, which would change places.
    const fields = [...values].map(
      ([column, value]) => `,${JSON.stringify(column)}:${JSON.stringify(value)}`,
    );
    return `{"time":"${isoTime(observedUs)}","topic":${JSON.stringify(topic)}${fields.join("")}}\n`;
  };
  return { header: "", line: (message) => rowsOf(message).map(line).join("") };
}
