import { PACKET_BYTES_MAX } from "../connection/connection.ts";
import { nameOf, violation } from "./errors.ts";

/** Who gets the packets of a stream of bytes. Whatever it gets is valid only during the call. */
interface PacketSink {
  /** A PUBLISH: the flags of its first byte, and the place of what follows its fixed header. */
  publish(flags: number, bytes: Buffer, start: number, end: number): void;
  /** The beginning of a PUBLISH that is too large, up to `end`. Returns false if it needs more of it. */
  oversized(flags: number, bytes: Buffer, place: OversizedPlace): boolean;
  /** All of a PUBLISH that is too large has passed. */
  passed(): void;
  /** Any other packet that a broker may send, whole. */
  control(frame: Buffer): void;
}

interface OversizedPlace {
  start: number;
  end: number;
  /** The length of the whole packet. */
  packetBytes: number;
}

/** Finds the packets in what is read. */
export interface Scanner {
  /**
   * Scans what begins with the rest that the call before has left.
   *
   * @returns up to where it was used: what stands behind is the beginning of a packet.
   * @throws Violation. The packets before it have been handed on.
   */
  scan(bytes: Buffer, end: number): number;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBREL = 6;
/** What a broker sends to a client that publishes no QoS 2, and asks for no authentication exchange. */
const CONTROL: ReadonlySet<number> = new Set([4, PUBREL, 9, 11, 13, 14]);

export function createScanner(sink: PacketSink): Scanner {
  const varInt = createVarIntReader();
  let isFirst = true;
  /** Bytes of a packet that is too large, which are still to come. */
  let toPass = 0;

  function pass(at: number, end: number): number {
    const passing = Math.min(toPass, end - at);
    toPass -= passing;
    if (toPass === 0) sink.passed();
    return at + passing;
  }

  function readLength(bytes: Buffer, at: number, end: number): number | null {
    try {
      return varInt.read(bytes, at + 1, end);
    } catch {
      const name = nameOf(byteAt(bytes, at));
      throw violation("malformed", `${name} whose length has more than four bytes`);
    }
  }

  /** Hands on what is no message of a usual size. Returns where it ends, or `at` if it is not all there. */
  function handOn(bytes: Buffer, at: number, place: OversizedPlace): number {
    const first = byteAt(bytes, at);
    if (first >> 4 !== PUBLISH) {
      const next = at + place.packetBytes;
      if (next > place.end) return at;
      sink.control(bytes.subarray(at, next));
      isFirst = false;
      return next;
    }
    if (!sink.oversized(first & 0x0f, bytes, place)) return at;
    toPass = place.packetBytes;
    return pass(at, place.end);
  }

  return {
    scan: (bytes, end) => {
      let at = toPass > 0 ? pass(0, end) : 0;
      while (at < end) {
        const first = byteAt(bytes, at);
        const isMessage = first >> 4 === PUBLISH && !isFirst;
        if (!isMessage) checkFirstByte(first, isFirst);
        const length = readLength(bytes, at, end);
        if (length === null) break;
        const start = varInt.end;
        const next = start + length;
        if (isMessage && next - at <= PACKET_BYTES_MAX) {
          if (next > end) break;
          sink.publish(first & 0x0f, bytes, start, next);
          at = next;
          continue;
        }
        if (!isMessage) checkControlBytes(first, next - at);
        const behind = handOn(bytes, at, { start, end, packetBytes: next - at });
        if (behind === at) break;
        at = behind;
      }
      return at;
    },
  };
}

/** @throws Violation when a packet that is no PUBLISH cannot begin like this. */
function checkFirstByte(first: number, isFirst: boolean): void {
  const type = first >> 4;
  // CONNACK comes first [MQTT-3.2.0-1], and once [MQTT-3.2.0-2].
  if (isFirst ? type !== CONNACK : !CONTROL.has(type)) {
    throw violation("protocol", `${nameOf(first)} where it cannot be`);
  }
  // [MQTT-2.1.3-1]
  if ((first & 0x0f) !== (type === PUBREL ? 2 : 0)) {
    throw violation("malformed", `${nameOf(first)} with reserved bits that are wrong`);
  }
}

function checkControlBytes(first: number, packetBytes: number): void {
  if (packetBytes > PACKET_BYTES_MAX) {
    throw violation("tooLarge", `${nameOf(first)} of ${packetBytes} bytes`);
  }
}

/** A variable byte integer has at most so many bytes [MQTT-1.5.5-1]. */
const BYTES_MAX = 4;

/** Reads variable byte integers, and tells where the last one ended. */
interface VarIntReader {
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

/** The byte at a place that lies within `bytes`, as the caller has made sure. */
export function byteAt(bytes: Uint8Array, at: number): number {
  // `buffer.readUInt8` would check the bounds a second time, for each byte of each topic.
  return bytes[at] as number;
}

/** The two-byte integer at a place that lies within `bytes` with both, as the caller has made sure [MQTT-1.5.2]. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}
