import type { ProtocolVersion } from "../connection.ts";
import type { ReceivedMessage } from "../message.ts";
import { unaskedQos2, violation } from "../violation.ts";
import { byteAt, uint16At } from "./bytes.ts";
import { createPublishProperties, NO_REQUEST, NO_SUBSCRIPTIONS } from "./publish-properties.ts";
import { createTopicCache } from "./topic-cache.ts";

/** Parses PUBLISH packets. */
export interface PublishParser {
  /** The packet id of what was parsed last; 0 for QoS 0. */
  packetId: number;
  /** The topic of what was parsed last. */
  topic: string;
  /** @throws Violation when it is not sound. */
  parse(flags: number, bytes: Buffer, start: number, end: number): ReceivedMessage;
  /**
   * Parses topic and packet id of a packet of which `end` is perhaps not the end; false if they are
   * not there yet.
   *
   * @throws Violation when they are not sound.
   */
  parseHead(flags: number, bytes: Buffer, start: number, end: number): boolean;
}

export function createPublishParser(protocolVersion: ProtocolVersion): PublishParser {
  const topics = createTopicCache();
  const properties = createPublishProperties();
  const hasProperties = protocolVersion === 5;
  let headEnd = 0;

  const parser: PublishParser = {
    packetId: 0,
    topic: "",
    parse: (flags, bytes, start, end) => {
      if (!parser.parseHead(flags, bytes, start, end)) throw truncated();
      let at = headEnd;
      let subscriptions = NO_SUBSCRIPTIONS;
      let request = NO_REQUEST;
      if (hasProperties) {
        if (at === end) throw truncated();
        if (byteAt(bytes, at) === 0) at += 1;
        else {
          at = properties.skip(bytes, at, end);
          ({ subscriptions, request } = properties);
        }
      }
      const message: ReceivedMessage = {
        topic: parser.topic,
        payload: bytes.subarray(at, end),
        qos: (flags & 2) === 0 ? 0 : 1,
        retained: (flags & 1) === 1,
        subscriptions,
      };
      return request === NO_REQUEST ? message : { ...message, ...request };
    },
    parseHead: (flags, bytes, start, end) => {
      const qos = (flags >> 1) & 3;
      // [MQTT-3.3.1-4]
      if (qos === 3) throw violation("malformed", "a message of QoS 3");
      if (start + 2 > end) return false;
      const topicEnd = start + 2 + uint16At(bytes, start);
      headEnd = topicEnd + (qos === 0 ? 0 : 2);
      if (headEnd > end) return false;
      const topic = topics.textOf(bytes, start + 2, topicEnd);
      if (topic === null) throw violation("topicName", "a message without a sound topic");
      if (qos === 2) throw unaskedQos2(topic);
      const packetId = qos === 0 ? 0 : uint16At(bytes, topicEnd);
      // [MQTT-2.2.1-3]
      if (qos === 1 && packetId === 0) throw violation("protocol", "packet id 0");
      parser.packetId = packetId;
      parser.topic = topic;
      return true;
    },
  };
  return parser;
}

function truncated(): Error {
  return violation("malformed", "a message that ends too early");
}
