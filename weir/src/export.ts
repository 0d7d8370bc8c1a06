import { existsSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import {
  EXIT_CODES,
  errorCode,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  runCommand,
} from "@weir/runtime";
import {
  type Cursor,
  type RangePage,
  readRange,
  type Skipped,
  type StreamPlace,
} from "@weir/store";
import {
  createCsv,
  createJsonLines,
  type Format,
  openFileSink,
  type Sink,
  sinkOf,
} from "./export-format.ts";
import {
  type Conversation,
  type Progress,
  type RecordingCommand,
  runRecordingCommand,
} from "./recording-command.ts";
import { nothingRecorded, type RequestForm, SELECTION_HELP, type Selected } from "./selection.ts";

/** What `npm run export` is asked for. */
interface ExportRequest extends Selected {
  format: Format;
  /** `null` is standard output. */
  output: string | null;
}

const EXPORT_HELP = `npm run -s export -- --stream NAME [options]

Writes a part of a stream to standard output, in the order of arrival, while the logger writes it.
Payloads are given as text where they are UTF-8 and in base64 elsewhere. Nothing is changed, but that a
terminal gets characters escaped that could steer it. (Without -s, npm adds lines of its own.)

Options:
${SELECTION_HELP}
  --format FORMAT   csv (default) or jsonl
  --spreadsheet     for csv: an apostrophe before what a spreadsheet would take for a formula, which
                    begins with = + - @, a tab or a line end. Numbers such as -18.2 stay numbers
  --output FILE     a new file instead of standard output; with --cursor also one that is there,
                    which is added to
  --help

With --cursor there is no header. Ctrl-C ends after the part that is being written, and prints the
cursor to go on with.
`;

/** How `npm run export` reads its command line. */
export const exportForm: RequestForm<ExportRequest> = {
  options: {
    format: { type: "string" },
    spreadsheet: { type: "boolean" },
    output: { type: "string" },
  },
  read: (given, { selected }) => {
    const output = given.text("output");
    if (output === "") throw optionFault("output", output, "a path");
    if (output !== null && belongsTo(selected.stream.place, output)) {
      throw optionFault("output", output, "a path outside of the store");
    }
    return { ...selected, format: readFormat(given), output };
  },
};

function readFormat(given: Given): Format {
  const name = given.text("format") ?? "csv";
  const forSpreadsheet = given.has("spreadsheet");
  if (name === "csv") return createCsv({ forSpreadsheet });
  if (name !== "jsonl") throw optionFault("format", name, "csv or jsonl");
  if (forSpreadsheet) throw optionFault("format", name, "csv with --spreadsheet");
  return createJsonLines();
}

const BESIDE = ["", "-wal", "-shm", "-journal", ".lock", ".ballast"];

/** With --cursor a file that is there is added to: that must not be one of the store's. */
function belongsTo(place: StreamPlace, output: string): boolean {
  const path = realPath(output);
  return place.kind === "folder"
    ? path.startsWith(`${realPath(place.folder)}${sep}`)
    : BESIDE.some((suffix) => path === realPath(place.file) + suffix);
}

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path));

interface ExportOptions {
  sink: Sink;
  onProgress: (progress: Progress) => void;
  onSkipped: (skipped: Skipped) => void;
  /** Asked between two pages. */
  isStopped: () => boolean;
}

/** What an export has done. */
interface Exported {
  messages: number;
  /** Behind the last page that was written; `null` where there was nothing at all. */
  cursor: Cursor | null;
  /** `limit`: so many were asked for, and there may be more. */
  end: "complete" | "limit" | "stopped";
  /** Segments that could not be read. */
  unreadable: number;
}

/** Writes what a request asks for, a page at a time: never more is in memory. */
export async function exportRange(
  { stream, query, format }: Pick<ExportRequest, "stream" | "query" | "format">,
  { sink, onProgress, onSkipped, isStopped }: ExportOptions,
): Promise<Exported> {
  const exported: Exported = { messages: 0, cursor: null, end: "complete", unreadable: 0 };
  if (query.after === undefined) await sink.write(format.header);
  for await (const page of readRange(stream.place, query)) {
    for (const skipped of page.skipped) {
      if (skipped.kind === "unreadable") exported.unreadable += 1;
      onSkipped(skipped);
    }
    await sink.write(render(page, format.line));
    exported.messages += page.messages.length;
    exported.cursor = page.cursor;
    onProgress({ messages: exported.messages, reachedUs: page.reachedUs });
    if (exported.messages === query.limit) exported.end = "limit";
    else if (isStopped()) exported.end = "stopped";
    if (exported.end !== "complete") break;
  }
  await sink.end();
  return exported;
}

function render({ messages }: RangePage, line: ExportRequest["format"]["line"]): string {
  let text = "";
  for (const message of messages) text += line(message);
  return text;
}

/** `npm run export`: a part of a stream as CSV or JSON lines. */
const command: RecordingCommand<ExportRequest> = {
  name: "export",
  help: EXPORT_HELP,
  form: exportForm,
  run: async (request, conversation) => {
    try {
      return await run(request, conversation);
    } catch (error) {
      // Whoever read it has enough: head(1), or a pager that was left.
      if (errorCode(error) === "EPIPE") return EXIT_CODES.ok;
      throw error;
    }
  },
};

async function run(request: ExportRequest, conversation: Conversation): Promise<number> {
  const { signal, say } = conversation;
  const { messages, cursor, end, unreadable } = await exportRange(request, {
    sink: await openSink(request),
    onProgress: conversation.showProgress,
    onSkipped: ({ reason }) => say(reason),
    isStopped: () => signal.aborted,
  });
  if (cursor === null) throw nothingRecorded(request.stream);
  if (end === "complete") conversation.clearProgress();
  else say(`${grouped(messages)} messages so far; go on with --cursor ${cursor}`);
  if (end === "stopped") return exitCodeOf(String(signal.reason));
  return unreadable > 0 ? EXIT_CODES.fault : EXIT_CODES.ok;
}

async function openSink({ output, query }: ExportRequest): Promise<Sink> {
  if (output === null) return sinkOf(process.stdout);
  return await openFileSink(output, { append: query.after !== undefined });
}

await runCommand(command.name, () => runRecordingCommand(command, process.argv.slice(2)));
