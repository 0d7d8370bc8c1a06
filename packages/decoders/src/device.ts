import { decodeDocument, decodeJsonPayload, decodeStateDocument } from "@weir/messages";
import type { Decoder } from "./decoder.ts";
import { decodeText } from "./text.ts";

const STATE = "/state";
/** Topics of a device that carry JSON and nothing else. */
const JSON_ONLY = /\/(state|command|command\/ack)$/;

/** What a device says: states, other JSON, and plain text where its topics allow it, as `online` and lines of a log. */
export const decodeDevice: Decoder = (message, times) => {
  const { topic, payload } = message;
  const decode = topic.endsWith(STATE) ? decodeStateDocument : decodeDocument;
  const decoded = decodeJsonPayload(payload, times, decode);
  const isText = decoded.outcome.reason === "not JSON" && !JSON_ONLY.test(topic);
  return isText ? decodeText(message, times) : decoded;
};
