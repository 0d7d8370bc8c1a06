import { isUtf8 } from "node:buffer";
import { createIsoTime, OUTCOMES } from "@weir/protocol";
import type { StoredMessage } from "@weir/store";

/** How messages become text. */
export interface Format {
  /** What stands before the first message. */
  header: string;
  /** One line, or with `--wide` any number of them. */
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
  const cell = csvCell(forSpreadsheet);
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

/** How a text from outside becomes a cell of CSV. */
export function csvCell(forSpreadsheet: boolean): (text: string) => string {
  return forSpreadsheet ? (text) => quoted(text.replace(FORMULA_START, "'")) : quoted;
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
