import { isUtf8 } from "node:buffer";
import type { Flaw, ProtocolVersion, ReceivedMessage } from "../connection/connection.ts";
import { escapeTopic, isTopicName, type Violation, violation } from "./errors.ts";
import { byteAt, uint16At } from "./packet-parser.ts";
import { createPublishProperties, NO_REQUEST, NO_SUBSCRIPTIONS } from "./publish-properties.ts";

/** Parses PUBLISH packets. One whose lengths are right is a message, whatever else the standard says of it. */
interface PublishParser {
  /** The packet id of what was parsed last; 0 for none. */
  packetId: number;
  /** The topic of what was parsed last. */
  topic: string;
  /** @throws Violation when its lengths contradict each other, or it is of QoS 3. */
  parse(flags: number, bytes: Buffer, start: number, end: number): ReceivedMessage;
  /**
   * Parses topic and packet id of a packet of which `end` is perhaps not the end; false if they are
   * not there yet.
   *
   * @throws Violation when it is of QoS 3.
   */
  parseHead(flags: number, bytes: Buffer, start: number, end: number): boolean;
}

const NAMED_BYTES_MAX = 100;

export function createPublishParser(protocolVersion: ProtocolVersion): PublishParser {
  const topics = createTopicCache();
  const properties = createPublishProperties();
  const hasProperties = protocolVersion === 5;
  let headEnd = 0;
  let flaw: Flaw | null = null;

  const parser: PublishParser = {
    packetId: 0,
    topic: "",
    parse: (flags, bytes, start, end) => {
      if (!parser.parseHead(flags, bytes, start, end)) {
        throw broken("that ends too early", bytes, start, end);
      }
      let at = headEnd;
      let subscriptions = NO_SUBSCRIPTIONS;
      let request = NO_REQUEST;
      if (hasProperties) {
        if (at < end && byteAt(bytes, at) === 0) at += 1;
        else {
          at = properties.skip(bytes, at, end);
          ({ subscriptions, request } = properties);
          if (properties.isFlawed) flaw ??= "packet";
        }
      }
      const message: ReceivedMessage = {
        topic: parser.topic,
        payload: bytes.subarray(at, end),
        // QoS 3 was refused.
        qos: ((flags >> 1) & 3) as 0 | 1 | 2,
        retained: (flags & 1) === 1,
        subscriptions,
      };
      if (request === NO_REQUEST && flaw === null && message.qos < 2) return message;
      return {
        ...message,
        ...request,
        ...(flaw !== null && { flaw }),
        ...(message.qos === 2 && parser.packetId !== 0 && { packetId: parser.packetId }),
      };
    },
    parseHead: (flags, bytes, start, end) => {
      const qos = (flags >> 1) & 3;
      // [MQTT-3.3.1-4]. Nobody knows whether it has a packet id.
      if (qos === 3) throw broken("of QoS 3", bytes, start, end);
      if (start + 2 > end) return false;
      const topicEnd = start + 2 + uint16At(bytes, start);
      headEnd = topicEnd + (qos === 0 ? 0 : 2);
      if (headEnd > end) return false;
      flaw = null;
      let topic = topics.textOf(bytes, start + 2, topicEnd);
      if (topic === null) {
        topic = escapeTopic(bytes.subarray(start + 2, topicEnd));
        flaw = "topic";
      }
      const packetId = qos === 0 ? 0 : uint16At(bytes, topicEnd);
      // [MQTT-2.2.1-3]. It cannot be acknowledged.
      if (packetId === 0 && qos > 0) flaw ??= "packet";
      parser.packetId = packetId;
      parser.topic = topic;
      return true;
    },
  };
  return parser;
}

/** The topic of a broken packet, escaped, as far as it can be read. */
export function readableTopic(bytes: Buffer, start: number, end: number): string {
  if (start + 2 >= end) return "";
  const topicEnd = start + 2 + uint16At(bytes, start);
  const readEnd = Math.min(topicEnd, end, start + 2 + NAMED_BYTES_MAX);
  return escapeTopic(bytes.subarray(start + 2, readEnd));
}

/** Names the packet for an operator. */
function broken(words: string, bytes: Buffer, start: number, end: number): Violation {
  const topic = JSON.stringify(readableTopic(bytes, start, end));
  const where = `${end - start} bytes behind its header, topic ${topic}`;
  return violation("malformed", `a PUBLISH ${words} (${where})`);
}

/** Remembers the text of topics by their bytes. */
interface TopicCache {
  /** The topic from `start` to `end`; `null` when it is none. */
  textOf(bytes: Buffer, start: number, end: number): string | null;
}

interface Entry {
  bytes: Buffer;
  topic: string;
}

/** Sets of two entries each. With 1,000 topics that take turns nearly all are found. */
const SETS = 4_096;
/** Longer topics are decoded each time. */
const CACHED_BYTES_MAX = 128;

/**
 * Decoding a topic and checking it [MQTT-1.5.4-1] costs more than all else that is done for a message.
 * A stream has few topics, so the bytes are looked up first. Bounded: a topic that is new takes the
 * place of the one in its set that was found longest ago.
 */
export function createTopicCache(): TopicCache {
  const newer: (Entry | undefined)[] = new Array(SETS).fill(undefined);
  const older: (Entry | undefined)[] = new Array(SETS).fill(undefined);

  function remember(set: number, entry: Entry): string {
    older[set] = newer[set];
    newer[set] = entry;
    return entry.topic;
  }

  return {
    textOf: (bytes, start, end) => {
      if (end - start > CACHED_BYTES_MAX) return decode(bytes, start, end);
      const set = hash(bytes, start, end) % SETS;
      const first = newer[set];
      if (first !== undefined && isSame(first.bytes, bytes, start, end)) return first.topic;
      const second = older[set];
      if (second !== undefined && isSame(second.bytes, bytes, start, end)) {
        return remember(set, second);
      }
      const topic = decode(bytes, start, end);
      if (topic === null) return null;
      // A copy: the receive buffer is overwritten.
      return remember(set, { bytes: Buffer.from(bytes.subarray(start, end)), topic });
    },
  };
}

function decode(bytes: Buffer, start: number, end: number): string | null {
  if (!isUtf8(bytes.subarray(start, end))) return null;
  const topic = bytes.toString("utf8", start, end);
  return isTopicName(topic) ? topic : null;
}

function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at += 1) {
    value = Math.imul(value ^ byteAt(bytes, at), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
}

// Four parameters: an object for each look-up would cost more than the look-up.
function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at += 1) {
    if (byteAt(known, at) !== byteAt(bytes, start + at)) return false;
  }
  return true;
}
