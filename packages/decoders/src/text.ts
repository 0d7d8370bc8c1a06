import { isUtf8 } from "node:buffer";
import { withoutReading } from "@weir/messages";
import type { Decoder } from "./decoder.ts";

/** Text in UTF-8, kept as it is. */
export const decodeText: Decoder = ({ payload }) => {
  if (payload.length === 0) return withoutReading("empty message");
  return withoutReading(isUtf8(payload) ? "text" : "not UTF-8");
};
