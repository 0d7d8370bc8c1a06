import { decodeReading } from "@weir/messages";
import type { Decoder } from "./decoder.ts";

const MARK = Buffer.from('"seq"');

/**
 * Finds the place in an outbox's sequence for a decoder that does not look for one. A stream that takes a
 * topic, say an archive of bytes, holds back its receipts until its own ledger has the messages: without
 * this, for ever.
 */
export function withSequence(decode: Decoder): Decoder {
  return (message, times) => {
    const decoded = decode(message, times);
    const { payload } = message;
    if (decoded.sequence !== null || !payload.includes(MARK)) return decoded;
    const { sequence } = decodeReading(payload, times);
    return sequence === null ? decoded : { ...decoded, sequence };
  };
}
