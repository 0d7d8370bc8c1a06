import { createHash } from "node:crypto";
import { errorMessage } from "@weir/runtime";
import { type Packet, parser } from "mqtt-packet";
import { Violation } from "./errors.ts";
import {
  type DroppedMessage,
  PACKET_BYTES_MAX,
  type ProtocolVersion,
  type ReceivedMessage,
} from "./message.ts";
import { byteAt, PublishParser, readableTopic, uint16At, varIntAt, varIntEnd } from "./publish.ts";

/**
 * A packet from the broker: a message, or one with a `kind`. Its bytes are valid until the next call of
 * `next`.
 */
export type BrokerPacket = ReceivedMessage | DroppedPacket | ReleasePacket | ControlPacket;

/** A PUBLISH that is acknowledged and not handed on. */
export interface DroppedPacket {
  kind: "dropped";
  message: DroppedMessage;
  qos: 0 | 1 | 2;
  /** 0 where it cannot be acknowledged. */
  packetId: number;
}

/** PUBREL. */
interface ReleasePacket {
  kind: "release";
  packetId: number;
}

/** Any other packet, whole. */
interface ControlPacket {
  kind: "control";
  frame: Buffer;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBREL = 6;
const DUP = 0x08;
/** What a broker may send behind CONNACK, PUBLISH aside, to a client that neither publishes QoS 2 nor uses AUTH. */
const CONTROL: ReadonlySet<number> = new Set([4, PUBREL, 9, 11, 13, 14]);
const NAMES =
  "reserved CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH".split(
    " ",
  );

/** Finds and parses the packets in a stream of bytes. */
export class PacketParser {
  /** Where the next packet begins. Set it for new bytes, which begin with the rest that is left here. */
  at = 0;
  /** The packet id of the message that `next` returned last; 0 for QoS 0. */
  packetId = 0;
  /** Whether the broker has marked that message, or the one that was dropped, as sent before. */
  isDuplicate = false;

  readonly #control: ReturnType<typeof parser>;
  /** What `#control` found last. */
  #controlFound: Packet | Error | null = null;
  readonly #publish: PublishParser;
  readonly #brokenPackets: BrokenPackets;
  #isFirst = true;
  /** A message that is too large, and how many of its bytes are still to come. */
  #passing: { packet: DroppedPacket; bytesLeft: number } | null = null;

  constructor(protocolVersion: ProtocolVersion, brokenPackets: BrokenPackets) {
    this.#control = parser({ protocolVersion });
    this.#control.on("packet", (packet: Packet) => {
      this.#controlFound ??= packet;
    });
    this.#control.on("error", (error: Error) => {
      this.#controlFound = error;
    });
    this.#publish = new PublishParser(protocolVersion);
    this.#brokenPackets = brokenPackets;
  }

  /**
   * The next packet in `bytes`, which are filled up to `end`; `null` when it is not complete there.
   *
   * @throws Violation when the connection must end. The packets before it are valid.
   */
  next(bytes: Buffer, end: number): BrokerPacket | null {
    if (this.#passing !== null) return this.#pass(this.#passing, end);
    const { at } = this;
    if (at >= end) return null;
    const first = byteAt(bytes, at);
    const isMessage = first >> 4 === PUBLISH && !this.#isFirst;
    if (!isMessage) checkFirstByte(first, this.#isFirst);
    const length = varIntAt(bytes, at + 1, end);
    if (length === null) return null;
    const start = varIntEnd(bytes, at + 1);
    const next = start + length;
    const isTooLarge = next - at > PACKET_BYTES_MAX;
    this.isDuplicate = isMessage && (first & DUP) !== 0;
    if (isMessage && isTooLarge) return this.#beginPassing(bytes, { start, end, next });
    if (isTooLarge) throw new Violation("tooLarge", `${nameOf(first)} of ${next - at} bytes`);
    if (next > end) return null;
    this.at = next;
    if (isMessage) return this.#message(first & 0x0f, bytes, start, next);
    this.#isFirst = false;
    if (first >> 4 === PUBREL) return release(bytes, start, next);
    return { kind: "control", frame: bytes.subarray(at, next) };
  }

  #message(flags: number, bytes: Buffer, start: number, end: number): BrokerPacket {
    try {
      const message = this.#publish.parse(flags, bytes, start, end);
      this.packetId = this.#publish.packetId;
      return message;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      if (!this.#brokenPackets.cameBefore(bytes.subarray(start, end))) throw error;
      const topic = readableTopic(bytes, start, end);
      const message: DroppedMessage = { reason: "unreadable", topic, bytes: end - start };
      return { kind: "dropped", message, qos: 0, packetId: 0 };
    }
  }

  /** Passes over a message that is too large, once its topic and packet id are there. */
  #beginPassing(
    bytes: Buffer,
    { start, end, next }: { start: number; end: number; next: number },
  ): BrokerPacket | null {
    const flags = byteAt(bytes, this.at) & 0x0f;
    if (!this.#publish.parseHead(flags, bytes, start, end)) return null;
    const { topic, packetId } = this.#publish;
    const packetBytes = next - this.at;
    const packet: DroppedPacket = {
      kind: "dropped",
      message: { reason: "too large", topic, bytes: packetBytes },
      // `parseHead` refuses QoS 3.
      qos: ((flags >> 1) & 3) as 0 | 1 | 2,
      packetId,
    };
    this.#passing = { packet, bytesLeft: packetBytes };
    return this.#pass(this.#passing, end);
  }

  #pass(passing: { packet: DroppedPacket; bytesLeft: number }, end: number): DroppedPacket | null {
    const bytes = Math.min(passing.bytesLeft, end - this.at);
    passing.bytesLeft -= bytes;
    this.at += bytes;
    if (passing.bytesLeft > 0) return null;
    this.#passing = null;
    return passing.packet;
  }

  /**
   * Parses a control packet. They are rare, so mqtt-packet parses them.
   *
   * @throws Violation when it is malformed.
   */
  parseControl(frame: Buffer): Packet {
    this.#controlFound = null;
    try {
      // mqtt-packet keeps what it is given.
      this.#control.parse(Buffer.from(frame));
    } catch (error) {
      throw malformed(frame, errorMessage(error));
    }
    const found = this.#controlFound as Packet | Error | null;
    if (found instanceof Error) throw malformed(frame, found.message);
    if (found === null || !hasPacketId(found)) throw malformed(frame, "it ends too early");
    return found;
  }
}

/** @throws Violation when a packet other than PUBLISH must not begin like this. */
function checkFirstByte(first: number, isFirst: boolean): void {
  const type = first >> 4;
  // CONNACK comes first [MQTT-3.2.0-1], and once [MQTT-3.2.0-2].
  if (isFirst ? type !== CONNACK : !CONTROL.has(type)) {
    throw new Violation("protocol", `${nameOf(first)} where it must not be`);
  }
  // [MQTT-2.1.3-1]
  if ((first & 0x0f) !== (type === PUBREL ? 2 : 0)) {
    throw new Violation("malformed", `${nameOf(first)} with wrong reserved bits`);
  }
}

function release(bytes: Buffer, start: number, end: number): ReleasePacket {
  if (start + 2 > end) {
    throw new Violation("malformed", `${nameOf(PUBREL << 4)} without a packet id`);
  }
  return { kind: "release", packetId: uint16At(bytes, start) };
}

const ANSWERS: ReadonlySet<string> = new Set(["puback", "suback", "unsuback"]);

/** mqtt-packet reads a missing packet id as -1. */
function hasPacketId({ cmd, messageId = 0 }: Packet): boolean {
  return messageId > 0 || !ANSWERS.has(cmd);
}

function malformed(frame: Buffer, words: string): Violation {
  return new Violation(
    "malformed",
    `${nameOf(byteAt(frame, 0))} of ${frame.length} bytes: ${words}`,
  );
}

/** The name of the packet that begins with this byte. */
function nameOf(first: number): string {
  const type = first >> 4;
  return `a packet of type ${type} (${NAMES[type]})`;
}

const REMEMBERED_MAX = 64;

/**
 * The packets that have ended connections. One whose lengths contradict each other may mean that the
 * stream of bytes is out of step, so it ends the connection. The broker sends a stored message again on
 * the next connection: ending that one, too, would never stop.
 */
export class BrokenPackets {
  readonly #digests = new Set<string>();

  /** Notes a packet; returns whether it was noted before. */
  cameBefore(packet: Buffer): boolean {
    const digest = createHash("sha256").update(packet).digest("base64");
    if (this.#digests.has(digest)) return true;
    const [oldest] = this.#digests;
    if (oldest !== undefined && this.#digests.size >= REMEMBERED_MAX) this.#digests.delete(oldest);
    this.#digests.add(digest);
    return false;
  }
}
