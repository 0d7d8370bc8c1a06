import type { Decoder } from "./decoder.ts";
import { decodeJson } from "./json.ts";
import { decodeText } from "./text.ts";

/** Topics of a device that carry JSON and nothing else. */
const JSON_ONLY = /\/(state|command|command\/ack)$/;

/** What a device says: JSON, and plain text where its topics allow it, as `online` and lines of a log. */
export const decodeDevice: Decoder = (message, times) => {
  const decoded = decodeJson(message, times);
  const isText = decoded.outcome.reason === "not JSON" && !JSON_ONLY.test(message.topic);
  return isText ? decodeText(message, times) : decoded;
};
