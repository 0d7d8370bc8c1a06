import { createIsoTime } from "@weir/recording";
import type { Format } from "./format.ts";
import { outcomeWords, payloadText } from "./message-fields.ts";

/** The columns of the `data` view come first, in its own unit. */
const HEADER =
  "reception_timestamp,received,topic,payload,encoding,qos,retained,outcome,value,observed\r\n";

/** CSV as RFC 4180 has it. No field is changed, whatever a reader may make of it. */
export function createCsv(): Format {
  const receptionTime = createIsoTime();
  const observationTime = createIsoTime();
  return {
    header: HEADER,
    line: ({ receivedUs, topic, payload, qos, retained, outcome, value, observedUs }) => {
      const { text, encoding } = payloadText(payload);
      const observed = observedUs === null ? "" : observationTime(observedUs);
      return (
        `${receivedUs},${receptionTime(receivedUs)},${quoted(topic)},${quoted(text)},${encoding},` +
        `${qos},${retained},${quoted(outcomeWords(outcome))},${value ?? ""},${observed}\r\n`
      );
    },
  };
}

const SPECIAL = /[",\r\n]/;

function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
