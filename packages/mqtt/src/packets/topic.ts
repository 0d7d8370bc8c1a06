import { isUtf8 } from "node:buffer";
import { byteAt } from "./bytes.ts";

const WILDCARD_OR_NUL = /[+#\0]/;
/** The longest topic that MQTT can carry, in bytes [MQTT-1.5.4]. */
const TOPIC_BYTES_MAX = 65_535;
/** `+`, `#`, NUL and `%`. */
const ESCAPED: ReadonlySet<number> = new Set([0x2b, 0x23, 0x00, 0x25]);
const ESCAPE_BYTES = 3;
/** Stands for an empty topic, and ends a topic that was too long once escaped. */
const NOTHING_MORE = "%";

/** Whether a message may have this topic [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export function isTopicName(topic: string): boolean {
  return topic !== "" && !WILDCARD_OR_NUL.test(topic);
}

/**
 * Turns an invalid topic into a valid one: each byte that is not allowed, and `%`, becomes `%` and two
 * hexadecimal digits. The levels stay, and the bytes can be restored. A client may also publish on the
 * escaped topic itself; only the `flaw` of a message tells the two apart.
 *
 * @param bytes empty, not UTF-8, or with `+`, `#` or NUL.
 */
export function escapeTopic(bytes: Buffer): string {
  let escaped = "";
  let room = TOPIC_BYTES_MAX - NOTHING_MORE.length;
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    const isKept = isUtf8(bytes.subarray(at, at + length)) && !ESCAPED.has(byteAt(bytes, at));
    room -= isKept ? length : ESCAPE_BYTES;
    if (room < 0) return escaped + NOTHING_MORE;
    const text = bytes.toString(isKept ? "utf8" : "hex", at, at + length);
    escaped += isKept ? text : `%${text.toUpperCase()}`;
    at += length;
  }
  return escaped || NOTHING_MORE;
}

/** How many bytes the character at `at` has; 1 where no valid one begins. */
function characterBytes(bytes: Buffer, at: number): number {
  const lead = byteAt(bytes, at);
  const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 1;
}
