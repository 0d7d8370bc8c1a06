import { createIsoTime } from "@weir/recording";
import type { Format } from "./format.ts";
import { outcomeWords, payloadText } from "./message-fields.ts";

/** The columns of the `data` view come first, in its own unit. */
const HEADER =
  "reception_timestamp,received,topic,payload,encoding,qos,retained,outcome,value,observed\r\n";

/**
 * CSV as RFC 4180 has it. No field is changed, whatever a reader may make of it.
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
