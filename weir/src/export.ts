import { existsSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import { EXIT_CODES, errorCode } from "@weir/runtime";
import type { StreamPlace } from "@weir/store";
import type { Command } from "commander";
import {
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  type Surroundings,
} from "./command-line.ts";
import { createCsv, createJsonLines, type Format, openFileSink, sinkOf } from "./export-format.ts";
import { defineRecordingCommand, type Recording, type Selected } from "./recording.ts";

interface ExportRequest extends Selected {
  format: Format;
  /** `null` is standard output. */
  output: string | null;
}

export function define(command: Command, surroundings: Surroundings): void {
  defineRecordingCommand(command, surroundings, { options, read, run });
  examples(
    command,
    [
      "export --stream data --from -2h > data.csv",
      "export --stream devices --topic 'devices/kitchen/#' --format jsonl --output kitchen.jsonl",
    ],
    `It writes in the order of arrival while the logger stores. A payload is text where it is UTF-8, and base64
elsewhere. Data is not changed, except that characters that could steer a terminal are escaped there.
With --cursor there is no header. Ctrl-C ends after the part that is being written, and prints the
cursor to continue with.`,
  );
}

function options(command: Command): void {
  command
    .option("--format <format>", "csv or jsonl (default: csv)")
    .option(
      "--spreadsheet",
      "for csv: put an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers",
    )
    .option(
      "--output <file>",
      "a new file instead of standard output; with --cursor, append to a file that exists",
    );
}

function read(given: Given, { selected }: { selected: Selected }): ExportRequest {
  const output = given.text("output");
  if (output === "") throw optionFault("output", output, "a path");
  if (output !== null && belongsTo(selected.stream.place, output)) {
    throw optionFault("output", output, "a path outside of the store");
  }
  return { ...selected, format: readFormat(given), output };
}

function readFormat(given: Given): Format {
  const name = given.text("format") ?? "csv";
  const forSpreadsheet = given.has("spreadsheet");
  if (name === "csv") return createCsv({ forSpreadsheet });
  if (name !== "jsonl") throw optionFault("format", name, "csv or jsonl");
  if (forSpreadsheet) throw optionFault("format", name, "csv with --spreadsheet");
  return createJsonLines();
}

const BESIDE = ["", "-wal", "-shm", "-journal", ".lock", ".ballast"];

/** With --cursor an existing file is appended to: that must not be one of the store's. */
function belongsTo(place: StreamPlace, output: string): boolean {
  const path = realPath(output);
  return place.kind === "folder"
    ? path.startsWith(`${realPath(place.folder)}${sep}`)
    : BESIDE.some((suffix) => path === realPath(place.file) + suffix);
}

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path));

/** Writes a page at a time. */
async function run(
  { format, output, query }: ExportRequest,
  recording: Recording,
  { out }: Surroundings,
): Promise<number> {
  const { signal } = recording;
  let messages = 0;
  let end: "complete" | "limit" | "stopped" = "complete";
  try {
    const sink =
      output === null
        ? sinkOf(out)
        : await openFileSink(output, { append: query.after !== undefined });
    if (query.after === undefined) await sink.write(format.header);
    for await (const page of recording.pages()) {
      let text = "";
      for (const message of page.messages) text += format.line(message);
      await sink.write(text);
      messages += page.messages.length;
      recording.show(messages, page.reachedUs);
      // There may be more behind the limit.
      if (messages === query.limit) end = "limit";
      else if (signal.aborted) end = "stopped";
      if (end !== "complete") break;
    }
    await sink.end();
  } catch (error) {
    // The reader has had enough: head(1), or a pager that was left.
    if (errorCode(error) === "EPIPE") return EXIT_CODES.ok;
    throw error;
  }
  const exitCode = recording.exitCode();
  if (end === "complete") recording.clear();
  else
    recording.say(`${grouped(messages)} messages so far; go on with --cursor ${recording.cursor}`);
  return end === "stopped" ? exitCodeOf(signal) : exitCode;
}
