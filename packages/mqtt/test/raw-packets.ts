import { generate, type Packet } from "mqtt-packet";

/** A PUBLISH as no client would write it. */
export interface RawPublish {
  /** The lower half of its first byte: DUP, QoS, RETAIN. */
  flags: number;
  topic: Buffer | string;
  /** Left out for QoS 0. */
  packetId?: number;
  /** MQTT 5: the properties with their length. Left out for MQTT 3.1.1. */
  properties?: Buffer;
  payload?: Buffer | string;
}

/** Encodes without asking whether it is valid. */
export function rawPublish(raw: RawPublish): Buffer {
  const topic = Buffer.from(raw.topic);
  const body = Buffer.concat([
    uint16(topic.length),
    topic,
    raw.packetId === undefined ? Buffer.alloc(0) : uint16(raw.packetId),
    raw.properties ?? Buffer.alloc(0),
    Buffer.from(raw.payload ?? ""),
  ]);
  return rawPacket(0x30 | raw.flags, body);
}

/** A packet of a first byte, and a body with its length in front. */
export function rawPacket(first: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first]), varInt(body.length), body]);
}

/** A QoS 1 message as a broker writes it: payload `message <id>`. */
export function validMessage(packetId: number, protocolVersion: 4 | 5): Buffer {
  const packet: Packet = {
    cmd: "publish",
    topic: "a",
    payload: `message ${packetId}`,
    qos: 1,
    messageId: packetId,
    dup: false,
    retain: false,
  };
  return generate(packet, { protocolVersion });
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function varInt(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
}
