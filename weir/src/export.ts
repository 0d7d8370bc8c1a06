import { once } from "node:events";
import { createWriteStream, existsSync, realpathSync, rmSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { dataFor, EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";
import type { StreamPlace } from "@weir/store";
import { createMessageCsv, createMessageJsonLines, type MessageFormat } from "@weir/streams";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  type Surroundings,
} from "./command-line.ts";
import { openWideFormat } from "./export-wide.ts";
import { addRecordingOptions, Recording } from "./recording.ts";

export function define(command: Command, surroundings: Surroundings): void {
  addRecordingOptions(command)
    .option("--format <format>", "csv or jsonl (default: csv)")
    .option(
      "--wide",
      "write the numbers instead of the payloads: a row for each time of a message, a column for each series of a topic",
    )
    .option(
      "--spreadsheet",
      "for csv: put an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers",
    )
    .option(
      "--output <file>",
      "a new file instead of standard output, in Compose exports/<file>; with --cursor, append to a file that exists",
    );
  examples(
    command,
    [
      "export --stream data --from -2h > data.csv",
      "export --stream devices --topic 'devices/kitchen/#' --format jsonl --output kitchen.jsonl",
      "export --stream home --wide --day yesterday --time-zone Europe/Berlin --output yesterday.csv",
    ],
    `It writes in the order of arrival while the logger stores. A payload is text where it is UTF-8, otherwise
base64. Data is not changed, except that characters that could control a terminal are escaped there.
With --cursor there is no header. Ctrl-C ends after the part that is being written, and prints the
cursor to continue with.

With --wide the columns are time (UTC), topic and each path, sorted; weir series has their units. Where a
payload is one number, that is in the column value. For csv the range is read twice, the first time for its
columns; with --cursor it is another table, with a header, for another file. In jsonl a row has only the
keys for which it has values.`,
  );
  action(command, async (given) => {
    const recording = new Recording(command, given, surroundings);
    const output = readOutput(given, recording.stream.place);
    const shape = readShape(given);
    const openFormat = formatOpener(shape, recording, surroundings);
    // The columns of another part may differ, so that it is another table.
    const isContinued = recording.query.after !== undefined && !(shape.isWide && shape.isCsv);
    return await run(recording, { openFormat, output, isContinued }, surroundings);
  });
}

/** `null` is standard output. */
function readOutput(given: Given, place: StreamPlace): string | null {
  const output = given.text("output");
  if (output === "") throw optionFault("output", output, "a path");
  if (output !== null && belongsTo(place, output)) {
    throw optionFault("output", output, "a path outside of the store");
  }
  return output;
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

/** What the options say of the format. */
interface Shape {
  isCsv: boolean;
  isWide: boolean;
  forSpreadsheet: boolean;
}

function readShape(given: Given): Shape {
  const name = given.text("format") ?? "csv";
  const isCsv = name === "csv";
  const forSpreadsheet = given.has("spreadsheet");
  if (!isCsv && name !== "jsonl") throw optionFault("format", name, "csv or jsonl");
  if (!isCsv && forSpreadsheet) throw optionFault("format", name, "csv with --spreadsheet");
  return { isCsv, isWide: given.has("wide"), forSpreadsheet };
}

type FormatOpener = () => MessageFormat | Promise<MessageFormat>;

/** @throws Fault at once for what is configured in a way that does not fit. */
function formatOpener(
  shape: Shape,
  recording: Recording,
  surroundings: Surroundings,
): FormatOpener {
  const { isCsv, isWide, forSpreadsheet } = shape;
  if (isWide) return openWideFormat(shape, recording, surroundings);
  return () => (isCsv ? createMessageCsv({ forSpreadsheet }) : createMessageJsonLines());
}

/** Longer texts are written before the rest of a page is made. */
const TEXT_LENGTH = 1024 * 1024;

async function run(
  recording: Recording,
  {
    openFormat,
    output,
    isContinued,
  }: { openFormat: FormatOpener; output: string | null; isContinued: boolean },
  { out }: Surroundings,
): Promise<number> {
  const { query, signal } = recording;
  let messages = 0;
  let isBegun = false;
  // A cast, because the compiler does not see that the generator changes it.
  let end = "complete" as "complete" | "limit" | "stopped";

  async function* texts(): AsyncGenerator<string> {
    const format = await openFormat();
    if (signal.aborted) {
      end = "stopped";
      return;
    }
    isBegun = true;
    if (!isContinued) yield format.header;
    for await (const page of recording.pages()) {
      let text = "";
      for (const message of page.messages) {
        text += format.line(message);
        if (text.length < TEXT_LENGTH) continue;
        yield text;
        text = "";
      }
      yield text;
      messages += page.messages.length;
      recording.show(messages, page.reachedUs);
      // There may be more after the limit.
      if (messages === query.limit) end = "limit";
      else if (signal.aborted) end = "stopped";
      if (end !== "complete") return;
    }
  }

  if (output === null) {
    const escaped = async function* (): AsyncGenerator<string> {
      for await (const text of texts()) yield dataFor(out, text);
    };
    await pipeline(escaped, out, { end: false });
  } else {
    const file = await openFile(output, isContinued ? "a" : "wx");
    try {
      await pipeline(texts, file);
    } finally {
      // This run made it, and wrote nothing: another try may have its name.
      if (!isBegun && !isContinued) rmSync(output);
    }
  }
  if (end === "stopped" && recording.cursor === null) {
    recording.say("stopped before the first message");
    return exitCodeOf(signal);
  }
  const exitCode = recording.exitCode();
  if (end === "complete") recording.clear();
  else
    recording.say(`${grouped(messages)} messages so far; go on with --cursor ${recording.cursor}`);
  return end === "stopped" ? exitCodeOf(signal) : exitCode;
}

/** @throws Fault when it cannot be created, or exists and is not to be appended to. */
async function openFile(file: string, flags: "a" | "wx"): Promise<Writable> {
  const stream = createWriteStream(file, { flags });
  try {
    await once(stream, "open");
    return stream;
  } catch (cause) {
    const shown = `--output: ${JSON.stringify(file)}`;
    if (errorCode(cause) === "EEXIST") {
      throw new Fault(`${shown} is there already`, {
        remedy:
          "Name another file, remove this one, or add to it with --cursor (not the CSV of --wide: its columns may differ).",
        exitCode: EXIT_CODES.configuration,
        cause,
      });
    }
    throw new Fault(`${shown} cannot be written: ${errorMessage(cause)}`, {
      remedy:
        "Name a file in a folder that is there and that this user may write to: in Compose exports/<file>, after sudo chown 1000 exports; or write to standard output, docker compose run --rm -T weir export … > <file>.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}
