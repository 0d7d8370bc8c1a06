import { withoutReading } from "@weir/messages";
import type { Decoder } from "./decoder.ts";

/** Bytes, kept as they are. */
export const decodeRaw: Decoder = ({ payload }) =>
  withoutReading(payload.length === 0 ? "empty message" : "bytes");
