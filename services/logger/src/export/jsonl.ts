import { createIsoTime } from "@weir/recording";
import type { Format } from "./format.ts";
import { outcomeWords, payloadText } from "./message-fields.ts";

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
