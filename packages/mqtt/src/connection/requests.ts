import { generate, type Packet } from "mqtt-packet";
import {
  FAILURE_MIN,
  NOT_AUTHORIZED,
  PACKET_TOO_LARGE,
  withCode,
  wordsFor,
} from "../packets/errors.ts";
import type { ProtocolVersion, PublishOptions } from "../packets/message.ts";
import type { Connection, Opened, SubscribeRequest } from "./connection.ts";

type PublishPacket = Extract<Packet, { cmd: "publish" }>;
/** A packet with a packet id, which the broker answers. */
type Request = Extract<Packet, { cmd: "publish" | "subscribe" | "unsubscribe" }>;
/** The broker's answer, or why nothing was sent. */
type Answer = Packet | Error;

type Write = (bytes: Buffer, written?: (error?: Error | null) => void) => void;

const PACKET_ID_MAX = 65_535;

/**
 * What a connection can ask of its broker, within what CONNACK allows, and the answers. Nothing outlives the
 * connection: what has no answer by its end is rejected.
 *
 * @param closed resolves with the reason when the connection has ended.
 */
export function createRequests(opened: Opened, closed: Promise<Error>, write: Write) {
  const { protocolVersion, grants } = opened;
  /** By packet id. */
  const waiting = new Map<
    number,
    { take: (answer: Answer) => Error | null; resolve: () => void; reject: (error: Error) => void }
  >();
  const unwritten = new Set<(error: Error) => void>();
  const window = createSendWindow(grants.receiveMaximum);
  const idle = Promise.withResolvers<void>();
  let isClosing = false;
  let lastId = 0;
  let end: Error | null = null;
  void closed.then((reason) => {
    end = reason;
    for (const { reject } of waiting.values()) reject(unanswered(reason));
    for (const reject of unwritten) reject(unanswered(reason));
    waiting.clear();
    window.open();
  });

  function noteIdle(): void {
    if (isClosing && waiting.size === 0 && window.isEmpty()) idle.resolve();
  }

  function nextId(): number {
    do lastId = (lastId % PACKET_ID_MAX) + 1;
    while (waiting.has(lastId));
    return lastId;
  }

  /**
   * Resolves when the broker has answered.
   *
   * @param take reads the answer as soon as it is there; returns what is wrong with it.
   * @throws that, or why the connection ended before.
   */
  function ask(request: Request, take: (answer: Answer) => Error | null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (end !== null) reject(unanswered(end));
    else if (waiting.size >= PACKET_ID_MAX) {
      reject(take(new Error("no packet id is free: the broker does not answer")));
    } else {
      const messageId = nextId();
      try {
        const bytes = generate({ ...request, messageId }, { protocolVersion });
        waiting.set(messageId, { take, resolve, reject });
        write(bytes);
      } catch (error) {
        // mqtt-packet cannot encode it, an empty topic for example: it was not sent.
        reject(take(error as Error));
      }
    }
    return promise;
  }

  /** Resolves once a message of QoS 0 is written. */
  function send(packet: PublishPacket): Promise<void> {
    return new Promise((resolve, reject) => {
      if (end !== null) throw unanswered(end);
      const bytes = generate(packet, { protocolVersion });
      unwritten.add(reject);
      write(bytes, (error) => {
        unwritten.delete(reject);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  const operations: Pick<Connection, "publish" | "subscribe" | "unsubscribe"> = {
    publish: async (topic, payload, options) => {
      const properties = protocolVersion === 5 ? propertiesOf(options) : {};
      const packet: PublishPacket = {
        cmd: "publish",
        topic,
        payload,
        qos: grants.qosMax === 0 ? 0 : options.qos,
        dup: false,
        retain: grants.retain && options.retain === true,
        ...(Object.keys(properties).length > 0 && { properties }),
      };
      if (packetBytes(packet) > grants.packetBytesMax) {
        const reason = `the broker takes no more than ${grants.packetBytesMax} bytes`;
        throw withCode(reason, PACKET_TOO_LARGE);
      }
      if (packet.qos === 0) return await send(packet);
      const turn = window.enter();
      // Without a wait it is sent at once, and so before a later one of QoS 0.
      if (turn !== null) await turn;
      try {
        await ask(packet, publishProblem);
      } finally {
        window.leave();
        noteIdle();
      }
    },
    subscribe: async (subscriptions, onAnswer) => {
      const groups = [...Map.groupBy(subscriptions, ({ identifier }) => identifier)];
      const answers = groups.map(([identifier, members]) =>
        ask(subscribePacket(members, identifier, protocolVersion), (answer) => {
          const codes = codesOf(answer, members.length);
          if (codes instanceof Error) {
            const filters = members.map(({ filter }) => filter).join(", ");
            return withCode(`cannot subscribe to ${filters}: ${codes.message}`, "SUBACK");
          }
          for (const [index, subscription] of members.entries()) {
            onAnswer({ subscription, code: codes[index] as number });
          }
          return null;
        }),
      );
      await Promise.all(answers);
    },
    unsubscribe: (filters) =>
      ask({ cmd: "unsubscribe", unsubscriptions: [...filters] }, (answer) => {
        const codes = codesOf(answer, filters.length);
        const refused = codes instanceof Error ? codes : codes.find((code) => code >= FAILURE_MIN);
        if (refused === undefined) return null;
        const reason = refused instanceof Error ? refused.message : wordsFor(refused);
        const words = `cannot unsubscribe from ${filters.join(", ")}: ${reason}`;
        return withCode(words, NOT_AUTHORIZED);
      }),
  };

  return {
    operations,
    /** Takes an answer. One without a request has no effect. */
    answered: (packet: Packet): void => {
      const { messageId = 0 } = packet;
      const request = waiting.get(messageId);
      if (request === undefined) return;
      waiting.delete(messageId);
      const problem = request.take(packet);
      if (problem === null) request.resolve();
      else request.reject(problem);
      noteIdle();
    },
    /** Resolves when each request has its answer. */
    untilIdle: (): Promise<void> => {
      isClosing = true;
      noteIdle();
      return idle.promise;
    },
  };
}

function unanswered(cause: Error): Error {
  return new Error(`no answer from the broker: ${cause.message}`, { cause });
}

function propertiesOf(options: PublishOptions): NonNullable<PublishPacket["properties"]> {
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
function packetBytes({ topic, payload, properties = {} }: PublishPacket): number {
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

/** It has one identifier for all its filters [MQTT-3.8.2.1.2]. */
function subscribePacket(
  members: readonly SubscribeRequest[],
  identifier: number | undefined,
  protocolVersion: ProtocolVersion,
): Request {
  return {
    cmd: "subscribe",
    subscriptions: members.map(({ filter, qos, retainAsPublished: rap = false, withRetained }) => ({
      topic: filter,
      qos,
      ...(protocolVersion === 5 && { rh: withRetained ? 0 : 1, ...(rap && { rap }) }),
    })),
    ...(identifier !== undefined && { properties: { subscriptionIdentifier: identifier } }),
  } as Request;
}

function publishProblem(answer: Answer): Error | null {
  if (answer instanceof Error) return answer;
  if (answer.cmd !== "puback") return unexpected(answer);
  const { reasonCode = 0 } = answer;
  if (reasonCode < FAILURE_MIN) return null;
  return withCode(`Publish error: ${wordsFor(reasonCode)}`, reasonCode);
}

/** The code of each filter, or what is wrong with the answer. */
function codesOf(answer: Answer, count: number): number[] | Error {
  if (answer instanceof Error) return answer;
  if (answer.cmd !== "suback" && answer.cmd !== "unsuback") return unexpected(answer);
  // UNSUBACK of MQTT 3.1.1 has no codes [MQTT-3.11].
  const { granted = new Array<number>(count).fill(0) } = answer;
  if (granted.length === count) return granted.map(Number);
  return new Error(`the broker answered ${granted.length} of ${count} filters`);
}

function unexpected({ cmd }: Packet): Error {
  return new Error(`the broker answered with ${cmd}`);
}

/**
 * The client's part of flow control [MQTT-4.9.0-2]: at most `sizeMax` publications are without an
 * answer, the others wait their turn, in order.
 */
function createSendWindow(sizeMax: number) {
  const waiting: (() => void)[] = [];
  let entered = 0;
  return {
    /** `null` when one more may be sent; otherwise it resolves when it may. Call `leave` with the answer. */
    enter: (): Promise<void> | null => {
      entered += 1;
      return entered <= sizeMax ? null : new Promise((resolve) => waiting.push(resolve));
    },
    leave: (): void => {
      entered -= 1;
      waiting.shift()?.();
    },
    isEmpty: (): boolean => entered === 0,
    /** Lets all enter: the connection has ended. */
    open: (): void => {
      for (const enter of waiting.splice(0)) enter();
    },
  };
}
