import { isUtf8 } from "node:buffer";

/** Bytes that the first part of a text may end in the middle of. */
const CHARACTER_BYTES_MAX = 4;

/** The beginning of a payload as text; `null` where it is not UTF-8. */
export function payloadText(payload: Buffer, bytesMax: number): string | null {
  if (payload.length <= bytesMax) return isUtf8(payload) ? payload.toString("utf8") : null;
  // It is cut where a character begins.
  for (let end = bytesMax; end > bytesMax - CHARACTER_BYTES_MAX; end -= 1) {
    const beginning = payload.subarray(0, end);
    if (isUtf8(beginning)) return beginning.toString("utf8");
  }
  return null;
}
