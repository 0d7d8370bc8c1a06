import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { OUTCOMES } from "@weir/protocol";
import { dataFor, EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";
import type { StoredMessage } from "@weir/store";
import { createIsoTime } from "./times.ts";

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
  const cell = forSpreadsheet ? (text: string) => quoted(withoutFormula(text)) : quoted;
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

// Where a cell begins: also behind what other settings of a spreadsheet take for the end of one. A plus or
// a minus may begin a number.
const FORMULA =
  /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=[=@＝＠＋－]|[+-](?!\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[;\t\r\n]|$)))/g;

function withoutFormula(text: string): string {
  return text.replace(FORMULA, "'");
}

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

/** How messages become text. */
export interface Format {
  /** What stands before the first message. */
  header: string;
  line(message: StoredMessage): string;
}

/** A destination of text, with back-pressure. */
export interface Sink {
  /** Resolves when the stream takes more. @throws what the stream says, once it has failed. */
  write(text: string): Promise<void>;
  /** Resolves when everything is written. */
  end(): Promise<void>;
}

/** Standard output, which stays open. On a terminal, data is escaped. */
export function sinkOf(stream: Writable & { isTTY?: boolean }): Sink {
  let failure: Error | null = null;
  stream.on("error", (error) => {
    failure ??= error;
  });
  return {
    write: async (text) => {
      if (failure !== null) throw failure;
      if (!stream.write(dataFor(stream, text))) await once(stream, "drain");
    },
    end: async () => {
      if (failure !== null) throw failure;
      await new Promise<void>((resolve, reject) => {
        stream.write("", (error) => (error ? reject(error) : resolve()));
      });
    },
  };
}

/**
 * A new file; or, to append to, one that exists.
 *
 * @throws Fault when it cannot be created, or exists and is not to be appended to.
 */
export async function openFileSink(file: string, options: { append: boolean }): Promise<Sink> {
  const stream = createWriteStream(file, { flags: options.append ? "a" : "wx" });
  try {
    await once(stream, "open");
  } catch (cause) {
    throw outputFault(file, cause);
  }
  const sink = sinkOf(stream);
  return {
    ...sink,
    end: async () => {
      await sink.end();
      stream.end();
      await once(stream, "close");
    },
  };
}

function outputFault(file: string, cause: unknown): Fault {
  const isThere = errorCode(cause) === "EEXIST";
  const shown = JSON.stringify(file);
  return new Fault(
    isThere
      ? `--output: ${shown} is there already`
      : `--output: ${shown} cannot be written: ${errorMessage(cause)}`,
    {
      remedy: isThere
        ? "Name another file, remove this one, or add to it with --cursor."
        : "Name a file in a folder that is there and that this user may write to.",
      exitCode: isThere ? EXIT_CODES.configuration : EXIT_CODES.cannotCreate,
      cause,
    },
  );
}
