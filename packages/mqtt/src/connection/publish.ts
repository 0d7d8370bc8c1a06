import type { IConnackPacket } from "mqtt-packet";
import { withCode } from "../outage.ts";
import type { Opened, Publish, PublishOptions } from "./connection.ts";

/** A PUBLISH without its packet id. */
interface Publication {
  topic: string;
  payload: string | Buffer;
  qos: 0 | 1;
  retain: boolean;
  properties?: { messageExpiryInterval?: number; responseTopic?: string; correlationData?: Buffer };
}

/** Writes a PUBLISH; `settle` is called with the answer, or for QoS 0 when it is on its way. */
export type Send = (publication: Publication, settle: (error?: Error | null) => void) => void;

/** As many as there are packet ids; MQTT 3.1.1 has no other limit. */
const UNDER_WAY_MAX = 65_535;
const PACKET_TOO_LARGE = 0x95;

/**
 * Publishes within what the broker's CONNACK allows: its window, its largest packet [MQTT-3.2.2-15], its
 * highest QoS [MQTT-3.2.2-11], and unretained where it keeps nothing [MQTT-3.2.2-14].
 */
export function createPublish(options: {
  send: Send;
  opened: Opened;
  connack: Pick<IConnackPacket, "properties">;
  pending: Pending;
}): Publish {
  const { send, opened, connack, pending } = options;
  const { protocolVersion, grants } = opened;
  const { packetBytesMax } = grants;
  const window = createSendWindow(connack.properties?.receiveMaximum ?? UNDER_WAY_MAX);
  return (topic, payload, options) => {
    const qos = grants.qosMax === 0 ? 0 : options.qos;
    const retain = grants.retain && options.retain === true;
    const properties = protocolVersion === 5 ? propertiesOf(options) : {};
    const publication: Publication = {
      topic,
      payload,
      qos,
      retain,
      ...(Object.keys(properties).length > 0 && { properties }),
    };
    return pending.run((settle) => {
      if (packetBytes(publication) > packetBytesMax) {
        settle(withCode(`the broker takes no more than ${packetBytesMax} bytes`, PACKET_TOO_LARGE));
        return;
      }
      if (qos === 0) {
        send(publication, settle);
        return;
      }
      window.enter((leave) =>
        send(publication, (error) => {
          settle(error);
          leave();
        }),
      );
    });
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

function propertiesOf(options: PublishOptions): NonNullable<Publication["properties"]> {
  const { expirySeconds, responseTopic, correlationData } = options;
  return {
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  };
}

/** Operations that wait for the broker's answer. None outlives its connection. */
export interface Pending {
  /**
   * Starts an operation that calls `settle` when the broker has answered.
   *
   * @throws what it settles with, or why the connection ended before.
   */
  run(operation: (settle: (error?: Error | null) => void) => void): Promise<void>;
}

/** MQTT.js keeps an unanswered operation for its next connection, and says nothing; ours has none. */
export function createPending(closed: Promise<Error>): Pending {
  // One reaction for all: a `closed.then` for each operation would be kept as long as the connection.
  const rejections = new Set<(error: Error) => void>();
  let end: Error | null = null;
  void closed.then((reason) => {
    end = reason;
    for (const reject of rejections) reject(unanswered(reason));
  });

  return {
    run: async (operation) => {
      if (end !== null) throw unanswered(end);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      rejections.add(reject);
      try {
        operation((error) => (error ? reject(error) : resolve()));
        await promise;
      } finally {
        rejections.delete(reject);
      }
    },
  };
}

function unanswered(cause: Error): Error {
  return new Error(`no answer from the broker: ${cause.message}`, { cause });
}

/** How many publications may be without an answer; what exceeds it waits its turn, in order. */
interface SendWindow {
  /** Calls `send` when there is room, at once if there is. It calls `leave` once, with the answer. */
  enter(send: (leave: () => void) => void): void;
}

/** The client's part of flow control [MQTT-4.9.0-2]. */
export function createSendWindow(sizeMax: number): SendWindow {
  const waiting: ((leave: () => void) => void)[] = [];
  let underWay = 0;
  let isAdmitting = false;

  /** A loop, not a recursion: a client that is ending answers each `send` within the call. */
  function admit(): void {
    if (isAdmitting) return;
    isAdmitting = true;
    while (underWay < sizeMax) {
      const send = waiting.shift();
      if (send === undefined) break;
      underWay += 1;
      send(leave);
    }
    isAdmitting = false;
  }

  function leave(): void {
    underWay -= 1;
    admit();
  }

  return {
    enter: (send) => {
      waiting.push(send);
      admit();
    },
  };
}
