import { decodeDocument, decodeJsonPayload } from "@weir/messages";
import type { Decoder } from "./decoder.ts";

/** Any JSON: a reading where it has a `number` at its top level. */
export const decodeJson: Decoder = ({ payload }, times) =>
  decodeJsonPayload(payload, times, decodeDocument);
