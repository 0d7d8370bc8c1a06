import { createIsoTime } from "@weir/protocol";
import { toolEnvironment } from "@weir/runtime";
import { type Path, type Reading, readMemory, STREAM_SERIES_MAX } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { positionOf, readRange, type StoredMessage } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { type Surroundings, usageFault } from "./command-line.ts";
import { csvCell, type Format } from "./export-format.ts";
import type { Recording } from "./recording.ts";

/** What a message says of one time. */
interface Row {
  topic: string;
  observedUs: number;
  values: Map<string, number>;
}

type RowsOf = (message: StoredMessage) => Row[];

/**
 * Opens the reading of a stream's messages as rows.
 *
 * @throws Fault for a stream without series, ConfigurationFault for the settings.
 */
export function openRows(
  { stream }: Recording,
  { environment }: Pick<Surroundings, "environment">,
): RowsOf {
  const { name, series } = stream;
  if (series === "off") {
    throw usageFault(
      `--wide: the stream ${name} has no series`,
      "Remove series: off from the stream in weir.yaml, or leave out --wide.",
    );
  }
  const { skewUs, indexFile } = readStatsConfig(toolEnvironment(environment)).series;
  const reader = openSeriesReader(stream, skewUs);
  const memory = readMemory(indexFile, name);
  return (message) => rowsOf(reader.read(message, memory.at(positionOf(message.cursor))));
}

/** A row for each time, and one more for each value that another one of the same series and time would replace. */
function rowsOf({ topic, points }: Reading): Row[] {
  const rows: Row[] = [];
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

/**
 * Reads the part of the stream once, to find its columns. The catalogue does not know them: it has series of
 * every time, and not those of the last seconds or beyond its limits, and under topics that families have put together.
 *
 * @throws Fault for more than a table can have.
 */
export async function columnsOf(recording: Recording, rowsOf: RowsOf): Promise<string[]> {
  const { stream, query, signal } = recording;
  const columns = new Set<string>();
  let messages = 0;
  for await (const page of readRange(stream.place, query)) {
    for (const message of page.messages) {
      for (const { values } of rowsOf(message))
        for (const column of values.keys()) columns.add(column);
      if (columns.size > STREAM_SERIES_MAX) throw tooManyColumns();
    }
    messages += page.messages.length;
    recording.show(messages, page.reachedUs);
    if (signal.aborted) break;
  }
  if (columns.size === 0 && messages > 0) {
    recording.say("no series in these messages; weir explain <topic> shows why");
  }
  return [...columns].sort();
}

const tooManyColumns = () =>
  usageFault(
    `--wide: there are more than ${STREAM_SERIES_MAX} columns`,
    "Choose topics with --topic, or write --format jsonl, which has no columns.",
  );

/** A table with a column for each path, empty where a row says nothing of it. */
export function createWideCsv(
  rowsOf: RowsOf,
  columns: readonly string[],
  { forSpreadsheet }: { forSpreadsheet: boolean },
): Format {
  const isoTime = createIsoTime();
  const cell = csvCell(forSpreadsheet);
  const indexes = new Map(columns.map((column, index) => [column, index]));
  const line = ({ topic, observedUs, values }: Row): string => {
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

const newColumn = (column: string) =>
  usageFault(
    `--wide: a new column was stored meanwhile: ${JSON.stringify(column)}`,
    "Run it again.",
  );

/** An object for each row, with the paths that it has values of. */
export function createWideJsonLines(rowsOf: RowsOf): Format {
  const isoTime = createIsoTime();
  const line = ({ topic, observedUs, values }: Row): string => {
    // Not an object: a path may be "__proto__" or a number, which would change places.
    const fields = [...values].map(
      ([column, value]) => `,${JSON.stringify(column)}:${JSON.stringify(value)}`,
    );
    return `{"time":"${isoTime(observedUs)}","topic":${JSON.stringify(topic)}${fields.join("")}}\n`;
  };
  return { header: "", line: (message) => rowsOf(message).map(line).join("") };
}
