import { isUtf8 } from "node:buffer";
import { createIsoTime, OUTCOMES } from "@weir/protocol";
import type { StoredMessage } from "@weir/store";
import { csvCell, quoted } from "./csv.ts";

/** How messages become text. */
export interface MessageFormat {
  /** What stands before the first message. */
  header: string;
  /** The lines of one message: one, or in a wide table any number. */
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
export function createMessageCsv({ forSpreadsheet = false } = {}): MessageFormat {
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

/** An object on each line; the payload is in `payload`, or in `payloadBase64` where it is not UTF-8. */
export function createMessageJsonLines(): MessageFormat {
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
