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
  /** Where the payloads say that they are from. */
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
