import type { Decoder } from "./decoder.ts";
import { withoutReading } from "./without-reading.ts";

/** Bytes, kept as they are. */
export const decodeRaw: Decoder = () => withoutReading("bytes");
