import { Violation } from "./errors.ts";

// The integers of MQTT, read in place. The caller makes sure that `at` lies within `bytes`.

export function byteAt(bytes: Uint8Array, at: number): number {
  // `buffer.readUInt8` would check the bounds a second time, for each byte of each topic.
  return bytes[at] as number;
}

/** A two-byte integer [MQTT-1.5.2]. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}

/** A variable byte integer has at most so many bytes [MQTT-1.5.5-1]. */
const VAR_INT_BYTES_MAX = 4;

/**
 * A variable byte integer; `null` when `limit` comes before its end.
 *
 * @throws Violation when it has more than four bytes.
 */
export function varIntAt(bytes: Uint8Array, at: number, limit: number): number | null {
  let value = 0;
  for (let n = 0; n < VAR_INT_BYTES_MAX; n += 1) {
    if (at + n >= limit) return null;
    const byte = byteAt(bytes, at + n);
    value |= (byte & 0x7f) << (7 * n);
    if (byte < 0x80) return value;
  }
  throw new Violation("malformed", "a length or an identifier of more than four bytes");
}

/** Where the variable byte integer at `at` ends, which `varIntAt` has read. */
export function varIntEnd(bytes: Uint8Array, at: number): number {
  let last = at;
  while (byteAt(bytes, last) >= 0x80) last += 1;
  return last + 1;
}
