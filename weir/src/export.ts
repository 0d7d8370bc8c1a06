import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import { createWriteStream, existsSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OUTCOMES } from "@weir/protocol";
import { dataFor, EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";
import type { StoredMessage, StreamPlace } from "@weir/store";
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
import { addRecordingOptions, Recording } from "./recording.ts";
import { createIsoTime } from "./time.ts";

export function define(command: Command, surroundings: Surroundings): void {
  addRecordingOptions(command)
    .option("--format <format>", "csv or jsonl (default: csv)")
    .option(
      "--spreadsheet",
      "for csv: put an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers",
    )
    .option(
      "--output <file>",
      "a new file instead of standard output; with --cursor, append to a file that exists",
    );
  examples(
    command,
    [
      "export --stream data --from -2h > data.csv",
      "export --stream devices --topic 'devices/kitchen/#' --format jsonl --output kitchen.jsonl",
    ],
    `It writes in the order of arrival while the logger stores. A payload is text where it is UTF-8, otherwise
base64. Data is not changed, except that characters that could control a terminal are escaped there.
With --cursor there is no header. Ctrl-C ends after the part that is being written, and prints the
cursor to continue with.`,
  );
  action(command, async (given) => {
    const recording = new Recording(command, given, surroundings);
    const output = readOutput(given, recording.stream.place);
    return await run(recording, { format: readFormat(given), output }, surroundings);
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

function readFormat(given: Given): Format {
  const name = given.text("format") ?? "csv";
  const forSpreadsheet = given.has("spreadsheet");
  if (name === "csv") return createCsv({ forSpreadsheet });
  if (name !== "jsonl") throw optionFault("format", name, "csv or jsonl");
  if (forSpreadsheet) throw optionFault("format", name, "csv with --spreadsheet");
  return createJsonLines();
}

async function run(
  recording: Recording,
  { format, output }: { format: Format; output: string | null },
  { out }: Surroundings,
): Promise<number> {
  const { query, signal } = recording;
  const isContinued = query.after !== undefined;
  let messages = 0;
  // A cast, because the compiler does not see that the generator changes it.
  let end = "complete" as "complete" | "limit" | "stopped";

  async function* texts(): AsyncGenerator<string> {
    if (!isContinued) yield format.header;
    for await (const page of recording.pages()) {
      let text = "";
      for (const message of page.messages) text += format.line(message);
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
    await pipeline(texts, await openFile(output, isContinued ? "a" : "wx"));
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
        remedy: "Name another file, remove this one, or add to it with --cursor.",
        exitCode: EXIT_CODES.configuration,
        cause,
      });
    }
    throw new Fault(`${shown} cannot be written: ${errorMessage(cause)}`, {
      remedy: "Name a file in a folder that is there and that this user may write to.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** How messages become text. */
interface Format {
  /** What stands before the first message. */
  header: string;
  line(message: StoredMessage): string;
}

const wordsByCode = new Map<number, string>(
  OUTCOMES.map(({ code, kind, reason }) => [code, reason === "" ? kind : `${kind}: ${reason}`]),
);

/** The outcome of decoding a message, in words. */
function outcomeWords(code: number): string {
  return wordsByCode.get(code) ?? `outcome ${code} of a newer version`;
}

/** A payload as text without loss: UTF-8 as it is, anything else in base64. */
function payloadText(payload: Buffer): { text: string; encoding: "utf-8" | "base64" } {
  return isUtf8(payload)
    ? { text: payload.toString("utf8"), encoding: "utf-8" }
    : { text: payload.toString("base64"), encoding: "base64" };
}

/** The columns of the `data` view come first, in its own unit. */
const HEADER =
  "reception_timestamp,received,topic,payload,encoding,qos,retained,outcome,value,observed\r\n";

/**
 * CSV as RFC 4180 has it. No field is changed by default.
 *
 * @param forSpreadsheet puts an apostrophe in front of what spreadsheets take for a formula.
 */
export function createCsv({ forSpreadsheet = false } = {}): Format {
  const receptionTime = createIsoTime();
  const observationTime = createIsoTime();
  const cell = forSpreadsheet ? (text: string) => quoted(text.replace(FORMULA_START, "'")) : quoted;
  return {
    header: HEADER,
    line: ({ receivedUs, topic, payload, qos, retained, outcome, value, observedUs }) => {
      const { text, encoding } = payloadText(payload);
      const observed = observedUs === null ? "" : observationTime(observedUs);
      return (
        `${receivedUs},${receptionTime(receivedUs)},${cell(topic)},${cell(text)},${encoding},` +
        `${qos},${retained},${quoted(outcomeWords(outcome))},${value ?? ""},${observed}\r\n`
      );
    },
  };
}

const SPECIAL = /[",\r\n]/;

function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Where a cell begins: also after what other settings of a spreadsheet take for the end of one. A plus or
// a minus may begin a number.
const FORMULA_START =
  /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=[=@＝＠＋－]|[+-](?!\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[;\t\r\n]|$)))/g;

/** An object on each line; the payload is in `payload`, or in `payloadBase64` where it is not UTF-8. */
export function createJsonLines(): Format {
  const receptionTime = createIsoTime();
  const observationTime = createIsoTime();
  return {
    header: "",
    line: ({ receivedUs, topic, payload, qos, retained, outcome, value, observedUs }) => {
      const { text, encoding } = payloadText(payload);
      const line = JSON.stringify({
        reception_timestamp: receivedUs,
        received: receptionTime(receivedUs),
        topic,
        [encoding === "utf-8" ? "payload" : "payloadBase64"]: text,
        qos,
        retained,
        outcome: outcomeWords(outcome),
        value,
        observed: observedUs === null ? null : observationTime(observedUs),
      });
      return `${line}\n`;
    },
  };
}
