import { isUtf8 } from "node:buffer";

const WILDCARD_OR_NUL = /[+#\0]/;
/** The longest topic in bytes that MQTT can carry [MQTT-1.5.4]. */
const TOPIC_BYTES_MAX = 65_535;
/** `+`, `#`, NUL and `%`. */
const IN_THE_WAY: ReadonlySet<number> = new Set([0x2b, 0x23, 0x00, 0x25]);
const ESCAPED_BYTES = 3;
/** An empty topic, or at the end of one whose rest found no room. */
const NOTHING_MORE = "%";

/** Whether a message may have this topic [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export function isTopicName(topic: string): boolean {
  return topic !== "" && !WILDCARD_OR_NUL.test(topic);
}

/**
 * A topic that the standard forbids as one that it allows: each byte that is in the way, and `%`, as `%`
 * and two hexadecimal digits. Its levels stay where they are, and the bytes can be had back. Somebody
 * may publish on the escaped topic itself; only the `flaw` of a message tells it from that.
 *
 * @param bytes what stands in the place of the topic: empty, not UTF-8, or with `+`, `#` or NUL.
 */
export function escapeTopic(bytes: Buffer): string {
  let escaped = "";
  let room = TOPIC_BYTES_MAX - NOTHING_MORE.length;
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    const isKept = isUtf8(bytes.subarray(at, at + length)) && !IN_THE_WAY.has(bytes[at] as number);
    room -= isKept ? length : ESCAPED_BYTES;
    if (room < 0) return escaped + NOTHING_MORE;
    const encoding = isKept ? "utf8" : "hex";
    const text = bytes.toString(encoding, at, at + length);
    escaped += isKept ? text : `%${text.toUpperCase()}`;
    at += length;
  }
  return escaped || NOTHING_MORE;
}

/** How many bytes the character at `at` has; 1 where there is none. */
function characterBytes(bytes: Buffer, at: number): number {
  const lead = bytes[at] as number;
  const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 1;
}
