import { randomBytes } from "node:crypto";

/** The messages that a subject receives in a measurement. */
export interface Load {
  count: number;
  qos: 0 | 1;
  /** Messages go to these in turn. All have the same length in bytes. */
  topics: readonly string[];
  pace: Pace;
}

/** As fast as acknowledgements come, with so many under way; or evenly at a rate. */
type Pace = { kind: "saturation"; window: number } | { kind: "even"; perSecond: number };

/** The result of sending a load. Times are milliseconds since the epoch, with fractions. */
export interface Sent {
  count: number;
  acknowledged: number;
  firstMs: number;
  /** When the last one was acknowledged; at QoS 0, when it was given to the network. */
  lastMs: number;
  /** From sending a message to its acknowledgement, in microseconds; of an even QoS 1 load. */
  latencyUs: { p50: number; p99: number; p999: number; max: number } | null;
  /** Processor time that the sending process has used for it. */
  cpuUs: number;
}

/** An order to a process that sends loads. */
export type Order = { kind: "prepare"; load: Load } | { kind: "start" };

/** What such a process reports. */
export type Report =
  /** A stand-in listens; a generator is connected. */
  | { kind: "ready"; port: number }
  /** A client has subscribed to a stand-in. */
  | { kind: "subscribed"; version: number }
  | { kind: "prepared"; bytesEach: number }
  | { kind: "sent"; sent: Sent };

/** The messages of a load, encoded as PUBLISH packets that all have the same size. */
export interface Messages {
  packetBytes: number;
  payloadBytes: number;
  /** The packets of messages `from` to `from + count`, one after the other. */
  encode(from: number, count: number): Buffer;
}

export interface MessagesOptions {
  version: 4 | 5;
  qos: 0 | 1;
  topics: readonly string[];
  /** The name in the payloads. */
  publisher: string;
  epoch: string;
  epochSeconds: number;
}

// `number` and `seq` together, so that payloads keep their size while `seq` grows.
const DIGITS = 10;
const PACKET_IDS = 65_535;

/**
 * Encodes what an outbox sends: a reading with publisher, epoch, and a seq that counts for each topic.
 * Digits are put into a copy of a template, so that encoding costs a tenth of what a broker takes.
 */
export function createMessages(options: MessagesOptions): Messages {
  const { topics, qos } = options;
  const templates = topics.map((topic) => templateOf(topic, options));
  const [first] = templates;
  if (first === undefined) throw new RangeError("a load needs a topic");
  const { digitsAt, packetBytes, payloadBytes, idAt } = first;
  if (templates.some((template) => template.packetBytes !== packetBytes)) {
    throw new RangeError(`the topics of a load have one length, not those of ${topics.join(", ")}`);
  }

  function put(target: Buffer, at: number, index: number): void {
    const template = templates[index % templates.length] as Template;
    const seq = Math.floor(index / templates.length) + 1;
    template.bytes.copy(target, at);
    const width = digitsOf(seq);
    const numberWidth = DIGITS - width;
    const smallest = 10 ** (numberWidth - 1);
    putDigits(
      target,
      at + digitsAt + numberWidth - 1,
      smallest + ((index * 7_919) % (9 * smallest)),
    );
    const rest = template.between.copy(target, at + digitsAt + numberWidth);
    putDigits(target, at + digitsAt + DIGITS + rest - 1, seq);
    if (qos === 1) target.writeUInt16BE((index % PACKET_IDS) + 1, at + idAt);
  }

  return {
    packetBytes,
    payloadBytes,
    encode: (from, count) => {
      const packets = Buffer.allocUnsafe(count * packetBytes);
      for (let index = 0; index < count; index += 1)
        put(packets, index * packetBytes, from + index);
      return packets;
    },
  };
}

interface Template {
  bytes: Buffer;
  packetBytes: number;
  payloadBytes: number;
  idAt: number;
  /** Where the digits of `number` begin. */
  digitsAt: number;
  /** What stands between `number` and `seq`. */
  between: Buffer;
}

function templateOf(topic: string, options: MessagesOptions): Template {
  const { version, qos, publisher, epoch, epochSeconds } = options;
  const before = '{"number":';
  const between = `,"epochtime":"${epochSeconds}","publisher":"${publisher}","epoch":"${epoch}","seq":`;
  const payload = Buffer.from(`${before}${between}${"0".repeat(DIGITS)}}`);
  const topicBytes = Buffer.from(topic);
  // Topic length, topic, packet id at QoS 1, and in MQTT 5 the length of no properties.
  const header = Buffer.alloc(
    2 + topicBytes.length + (qos === 1 ? 2 : 0) + (version === 5 ? 1 : 0),
  );
  header.writeUInt16BE(topicBytes.length, 0);
  topicBytes.copy(header, 2);
  const fixed = Buffer.from([
    0x30 | (qos << 1),
    ...variableInteger(header.length + payload.length),
  ]);
  const bytes = Buffer.concat([fixed, header, payload]);
  return {
    bytes,
    packetBytes: bytes.length,
    payloadBytes: payload.length,
    idAt: fixed.length + 2 + topicBytes.length,
    digitsAt: fixed.length + header.length + before.length,
    between: Buffer.from(between),
  };
}

/** [MQTT-1.5.5] */
function variableInteger(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...variableInteger(Math.floor(value / 128))];
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits += 1;
  return digits;
}

/** Writes a whole number so that its last digit stands at `last`. */
function putDigits(target: Buffer, last: number, value: number): void {
  let rest = value;
  let at = last;
  do {
    target[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
    at -= 1;
  } while (rest > 0);
}

/** The messages of a load from a publisher that has just opened a new outbox. */
export function messagesOf({ qos, topics }: Load, version: 4 | 5): Messages {
  return createMessages({
    version,
    qos,
    topics,
    publisher: "bench",
    epoch: randomBytes(16).toString("hex"),
    epochSeconds: Math.floor(Date.now() / 1_000),
  });
}

const PUBACK = 0x40;
const NOTHING = Buffer.alloc(0);

/** Cuts the bytes of a socket into MQTT packets. */
export function createFrames({
  onAcknowledged,
  onPacket,
}: {
  /** PUBACKs come by the million and are only counted: called once for all PUBACKs of a read. */
  onAcknowledged: (count: number) => void;
  /** Gets every other packet, whole. */
  onPacket: (packet: Buffer) => void;
}) {
  let rest: Buffer = NOTHING;
  return {
    push: (read: Buffer): void => {
      const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
      let at = 0;
      let acknowledged = 0;
      for (;;) {
        const end = endOfPacket(bytes, at);
        if (end === null) break;
        if (bytes[at] === PUBACK) acknowledged += 1;
        else onPacket(bytes.subarray(at, end));
        at = end;
      }
      rest = bytes.subarray(at);
      if (acknowledged > 0) onAcknowledged(acknowledged);
    },
  };
}

/** Where the packet that begins at `start` ends; `null` while it is not whole. */
function endOfPacket(bytes: Buffer, start: number): number | null {
  let length = 0;
  for (let place = 0; place < 4; place += 1) {
    const byte = bytes[start + 1 + place];
    if (byte === undefined) return null;
    length += (byte & 127) * 128 ** place;
    if (byte < 128) {
      const end = start + 2 + place + length;
      return end <= bytes.length ? end : null;
    }
  }
  throw new Error("a packet whose length takes more than four bytes [MQTT-1.5.5-1]");
}
