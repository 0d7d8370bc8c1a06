import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { withCode } from "../outage.ts";

/** What a broker must not send; the reason codes are those of DISCONNECT in MQTT 5. */
const VIOLATIONS = {
  malformed: 0x81,
  protocol: 0x82,
  tooLarge: 0x95,
} as const;

const TYPES = [
  "reserved",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
];

/** Names the packet that begins with this byte, for an operator. */
export function nameOf(first: number): string {
  const type = first >> 4;
  return `a packet of type ${type} (${TYPES[type]})`;
}

/** An error whose code is told to an MQTT 5 broker. */
export type Violation = Error & { code: number; isViolation: true };

export function isViolation(error: Error): error is Violation {
  return "isViolation" in error;
}

/** What the standard says of a broker that sends this: the connection ends [MQTT-4.13.1-1]. */
export function violation(kind: keyof typeof VIOLATIONS, words: string): Violation {
  const broken = withCode(`the broker broke the protocol: ${words}`, VIOLATIONS[kind]);
  return Object.assign(broken, { isViolation: true as const });
}

/**
 * Remembers the packets over which connections ended. A packet whose lengths contradict each other may
 * mean that the stream of bytes is out of step, so the connection ends. The same packet at the next
 * connection is one that the broker keeps, and ending that one, too, would go on for ever.
 */
export interface BrokenPackets {
  /** Notes a packet; whether it has been noted before. */
  cameBefore(packet: Buffer): boolean;
}

const REMEMBERED_MAX = 64;

export function createBrokenPackets(): BrokenPackets {
  const digests = new Set<string>();
  return {
    cameBefore: (packet) => {
      const digest = createHash("sha256").update(packet).digest("base64");
      if (digests.has(digest)) return true;
      const [oldest] = digests;
      if (oldest !== undefined && digests.size >= REMEMBERED_MAX) digests.delete(oldest);
      digests.add(digest);
      return false;
    },
  };
}

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
