import { PACKET_TOO_LARGE, withCode } from "../packets/errors.ts";
import type { ProtocolVersion, PublishOptions } from "../packets/message.ts";
import type { Connection, Opened, SubscribeRequest } from "./connection.ts";

type Settle = (error?: Error | null) => void;

/** A PUBLISH without its packet id. */
interface Publication {
  topic: string;
  payload: string | Buffer;
  qos: 0 | 1;
  retain: boolean;
  properties?: { messageExpiryInterval?: number; responseTopic?: string; correlationData?: Buffer };
}

/** A SUBSCRIBE without its packet id. It has one identifier for all its filters [MQTT-3.8.2.1.2]. */
interface SubscribePacket {
  subscriptions: { topic: string; qos: 0 | 1; rh?: number; rap?: boolean }[];
  properties?: { subscriptionIdentifier: number };
}

/** How a transport sends packets. It calls back with the broker's answer, or never. */
export interface Sender {
  /** For QoS 0 it calls back once the message is written. */
  publish(publication: Publication, settle: Settle): void;
  /** It calls back with the code of each filter, in order; with an error when some are missing. */
  subscribe(packet: SubscribePacket, settle: (codes: readonly number[] | Error) => void): void;
  unsubscribe(filters: readonly string[], settle: Settle): void;
}

/**
 * What a connection can ask of its broker, within what CONNACK allows. Nothing outlives the connection:
 * MQTT.js would keep an unanswered operation for its next one, without an error.
 */
export function createOperations({
  send,
  opened,
  closed,
}: {
  send: Sender;
  opened: Opened;
  closed: Promise<Error>;
}): Pick<Connection, "publish" | "subscribe" | "unsubscribe"> {
  const { protocolVersion, grants } = opened;
  const { packetBytesMax } = grants;
  const enterWindow = createSendWindow(grants.receiveMaximum);
  // One reaction for all: a `closed.then` for each operation would be kept as long as the connection.
  const rejections = new Set<(error: Error) => void>();
  let end: Error | null = null;
  void closed.then((reason) => {
    end = reason;
    for (const reject of rejections) reject(unanswered(reason));
  });

  /** @throws what the operation settles with, or why the connection ended before. */
  async function answered(operation: (settle: Settle) => void): Promise<void> {
    if (end !== null) throw unanswered(end);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    rejections.add(reject);
    try {
      operation((error) => (error ? reject(error) : resolve()));
      await promise;
    } finally {
      rejections.delete(reject);
    }
  }

  return {
    publish: (topic, payload, options) => {
      const properties = protocolVersion === 5 ? propertiesOf(options) : {};
      const publication: Publication = {
        topic,
        payload,
        qos: grants.qosMax === 0 ? 0 : options.qos,
        retain: grants.retain && options.retain === true,
        ...(Object.keys(properties).length > 0 && { properties }),
      };
      return answered((settle) => {
        if (packetBytes(publication) > packetBytesMax) {
          const reason = `the broker takes no more than ${packetBytesMax} bytes`;
          settle(withCode(reason, PACKET_TOO_LARGE));
        } else if (publication.qos === 0) send.publish(publication, settle);
        else {
          enterWindow((leave) =>
            send.publish(publication, (error) => {
              settle(error);
              leave();
            }),
          );
        }
      });
    },
    subscribe: async (subscriptions, onAnswer) => {
      const groups = [...Map.groupBy(subscriptions, ({ identifier }) => identifier)];
      const answers = groups.map(([identifier, members]) =>
        answered((settle) =>
          send.subscribe(subscribePacket(members, identifier, protocolVersion), (codes) => {
            if (codes instanceof Error) {
              const filters = members.map(({ filter }) => filter).join(", ");
              settle(withCode(`cannot subscribe to ${filters}: ${codes.message}`, "SUBACK"));
              return;
            }
            for (const [index, subscription] of members.entries()) {
              onAnswer({ subscription, code: codes[index] as number });
            }
            settle();
          }),
        ),
      );
      await Promise.all(answers);
    },
    unsubscribe: (filters) => answered((settle) => send.unsubscribe(filters, settle)),
  };
}

function unanswered(cause: Error): Error {
  return new Error(`no answer from the broker: ${cause.message}`, { cause });
}

function propertiesOf(options: PublishOptions): NonNullable<Publication["properties"]> {
  const { expirySeconds, responseTopic, correlationData } = options;
  return {
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  };
}

/** The fixed header, the lengths of topic and properties, the packet id. */
const FRAME_BYTES = 5 + 2 + 4 + 2;

/** The length of a packet, or a few bytes more. */
function packetBytes({ topic, payload, properties = {} }: Publication): number {
  const { messageExpiryInterval, responseTopic, correlationData } = properties;
  return (
    FRAME_BYTES +
    Buffer.byteLength(topic) +
    Buffer.byteLength(payload) +
    (messageExpiryInterval === undefined ? 0 : 5) +
    (responseTopic === undefined ? 0 : 3 + Buffer.byteLength(responseTopic)) +
    (correlationData === undefined ? 0 : 3 + correlationData.length)
  );
}

function subscribePacket(
  members: readonly SubscribeRequest[],
  identifier: number | undefined,
  protocolVersion: ProtocolVersion,
): SubscribePacket {
  return {
    subscriptions: members.map(({ filter, qos, retainAsPublished: rap = false, withRetained }) => ({
      topic: filter,
      qos,
      ...(protocolVersion === 5 && { rh: withRetained ? 0 : 1, ...(rap && { rap }) }),
    })),
    ...(identifier !== undefined && { properties: { subscriptionIdentifier: identifier } }),
  };
}

/**
 * The client's part of flow control [MQTT-4.9.0-2]: at most `sizeMax` publications are without an
 * answer, the others wait their turn, in order.
 *
 * @returns calls its argument when fewer are open than allowed, at once if so. The argument calls `leave` once,
 *   with the answer.
 */
function createSendWindow(sizeMax: number): (send: (leave: () => void) => void) => void {
  const waiting: ((leave: () => void) => void)[] = [];
  let unansweredCount = 0;
  let isAdmitting = false;

  /** A loop, not a recursion: a client that is ending answers each `send` within the call. */
  function admit(): void {
    if (isAdmitting) return;
    isAdmitting = true;
    while (unansweredCount < sizeMax) {
      const send = waiting.shift();
      if (send === undefined) break;
      unansweredCount += 1;
      send(leave);
    }
    isAdmitting = false;
  }

  function leave(): void {
    unansweredCount -= 1;
    admit();
  }

  return (send) => {
    waiting.push(send);
    admit();
  };
}
