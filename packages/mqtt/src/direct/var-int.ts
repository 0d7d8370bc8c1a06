import { violation } from "../violation.ts";
import { byteAt } from "./bytes.ts";

/** A variable byte integer has at most so many bytes [MQTT-1.5.5-1]. */
const BYTES_MAX = 4;

/** Reads variable byte integers, and tells where the last one ended. */
export interface VarIntReader {
  /** Behind the last one that was read. */
  end: number;
  /**
   * The integer at `at`; `null` when `limit` comes before its end.
   *
   * @throws Violation when it has more than four bytes.
   */
  read(bytes: Buffer, at: number, limit: number): number | null;
}

export function createVarIntReader(): VarIntReader {
  const reader: VarIntReader = {
    end: 0,
    read: (bytes, at, limit) => {
      let value = 0;
      for (let n = 0; n < BYTES_MAX; n += 1) {
        if (at + n >= limit) return null;
        const byte = byteAt(bytes, at + n);
        value |= (byte & 0x7f) << (7 * n);
        if (byte < 0x80) {
          reader.end = at + n + 1;
          return value;
        }
      }
      throw violation("malformed", "an integer of more than four bytes");
    },
  };
  return reader;
}
