import { toolEnvironment } from "@weir/runtime";
import { readMemory } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { positionOf, readRange } from "@weir/store";
import {
  createWideCsv,
  createWideJsonLines,
  type MessageFormat,
  openSeriesReader,
  WIDE_COLUMNS_MAX,
  WideColumns,
  type WideRowsOf,
  wideRowsOf,
} from "@weir/streams";
import { type Surroundings, usageFault } from "./command-line.ts";
import type { Recording } from "./recording.ts";

/** What the options say of the table. */
interface WideShape {
  isCsv: boolean;
  forSpreadsheet: boolean;
}

/**
 * Opens the format of `--wide`. For csv it reads the recording once, for its columns, when it is asked for.
 *
 * @throws Fault for a stream without series, ConfigurationFault for the settings.
 */
export function openWideFormat(
  { isCsv, forSpreadsheet }: WideShape,
  recording: Recording,
  surroundings: Pick<Surroundings, "environment">,
): () => MessageFormat | Promise<MessageFormat> {
  const rowsOf = openRows(recording, surroundings);
  if (!isCsv) return () => createWideJsonLines(rowsOf);
  return async () => {
    const columns = await columnsOf(recording, rowsOf);
    return createWideCsv(rowsOf, columns, { forSpreadsheet, newColumn });
  };
}

function openRows(
  { stream }: Recording,
  { environment }: Pick<Surroundings, "environment">,
): WideRowsOf {
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
  return (message) => wideRowsOf(reader.read(message, memory.at(positionOf(message.cursor))));
}

/** Reads the part of the stream once, to find its columns. @throws Fault for more than a table can have. */
async function columnsOf(recording: Recording, rowsOf: WideRowsOf): Promise<string[]> {
  const { stream, query, signal } = recording;
  const columns = new WideColumns();
  let messages = 0;
  for await (const page of readRange(stream.place, query)) {
    for (const message of page.messages) if (!columns.add(rowsOf(message))) throw tooManyColumns();
    messages += page.messages.length;
    recording.show(messages, page.reachedUs);
    if (signal.aborted) break;
  }
  const { names } = columns;
  if (names.length === 0 && messages > 0) {
    recording.say("no series in these messages; weir explain <topic> shows why");
  }
  return names;
}

const tooManyColumns = () =>
  usageFault(
    `--wide: there are more than ${WIDE_COLUMNS_MAX} columns`,
    "Choose topics with --topic, or write --format jsonl, which has no columns.",
  );

/** The error for a row that does not fit into the table any more. */
export const newColumn = (column: string) =>
  usageFault(
    `--wide: a new column was stored meanwhile: ${JSON.stringify(column)}`,
    "Run it again.",
  );
