import { isUtf8 } from "node:buffer";
import type { Decoder } from "./decoder.ts";
import { withoutReading } from "./without-reading.ts";

/** Text in UTF-8, kept as it is. */
export const decodeText: Decoder = ({ payload }) =>
  withoutReading(isUtf8(payload) ? "text" : "not UTF-8");
