/** Where in a stream of MQTT packets a cut lies. */
export interface Place {
  /** The name of the packet that was cut, or that was next. */
  packet: string;
  /** How many of its bytes came through. */
  offset: number;
}

const NAMES = [
  "?",
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

/** Finds the packet that the end of these bytes lies in; `null` between two packets. */
export function placeOfCut(bytes: Buffer): Place | null {
  let start = 0;
  while (start < bytes.length) {
    const length = packetLength(bytes.subarray(start));
    if (length === null || start + length > bytes.length) {
      const type = (bytes[start] ?? 0) >> 4;
      return { packet: NAMES[type] ?? "?", offset: bytes.length - start };
    }
    start += length;
  }
  return null;
}

/** The length of the packet at the start, header included [MQTT-1.5.5]; `null` when it is cut before. */
function packetLength(bytes: Buffer): number | null {
  let remaining = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return null;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) return 1 + index + remaining;
  }
  return null;
}
