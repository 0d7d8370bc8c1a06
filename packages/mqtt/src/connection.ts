import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import type { InboundMessage, PublishOptions, Session, Subscription } from "./message.ts";

/** The protocol versions that Weir speaks, the preferred one first. */
export const PROTOCOL_VERSIONS = [5, 4] as const;
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

export interface ConnectionOptions {
  url: string;
  username: string | null;
  password: string | null;
  clientId: string;
  session: Session;
  /** How many QoS 1 messages the broker may have under way to us. MQTT 5 only. */
  receiveMaximum: number;
  acknowledge: "automatically" | "manually";
  onMessage: (message: InboundMessage) => void;
}

/** One network connection to a broker, from CONNACK to its end. It does not come back. */
export interface Connection {
  protocolVersion: ProtocolVersion;
  /** The broker kept the session of this client id. */
  sessionPresent: boolean;
  /** Resolves with the reason when the connection has ended. */
  closed: Promise<string>;
  /** Resolves when the broker has the message (QoS 1: PUBACK). Rejects when the connection ends before. */
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void>;
  /** @throws when the broker refuses one of the filters. */
  subscribe(subscriptions: readonly Subscription[]): Promise<void>;
  /** Says goodbye, at most for `timeoutMs`; then hangs up. */
  close(timeoutMs: number): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_SECONDS = 20;
const SESSION_TAKEN_OVER = 0x8e;

/**
 * Opens one connection. MQTT.js has a client of its own for each, so that nothing of an old
 * connection (packet ids, queued packets, late callbacks) can reach the next one.
 *
 * @throws what the broker or the network said.
 */
export async function openConnection(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): Promise<Connection> {
  const client = mqtt.connect(options.url, clientOptions(options, protocolVersion));
  const closed = watchEnd(client);
  receive(client, options);

  client.connect();
  const connack = await untilConnected(client);
  return {
    protocolVersion,
    sessionPresent: connack.sessionPresent,
    closed,
    publish: (topic, payload, publishOptions) =>
      rejectOnClose(closed, publish(client, topic, payload, publishOptions)),
    subscribe: (subscriptions) =>
      rejectOnClose(closed, subscribe(client, subscriptions, protocolVersion)),
    close: (timeoutMs) => close(client, timeoutMs),
  };
}

function clientOptions(
  { clientId, username, password, session, receiveMaximum }: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): IClientOptions {
  const expiry = session.kind === "persistent" ? session.expirySeconds : 0;
  return {
    protocolVersion,
    clientId,
    clean: session.kind === "clean",
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Handlers first, CONNECT after: a resumed session delivers right behind its CONNACK.
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval: expiry, receiveMaximum } }
      : {}),
  };
}

/** Resolves with the reason when the connection has ended. */
function watchEnd(client: MqttClient): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let reason = "the connection was lost";
  client.on("disconnect", ({ reasonCode }) => {
    reason =
      reasonCode === SESSION_TAKEN_OVER
        ? `another client connected with the client id ${client.options.clientId}`
        : `the broker ended the connection, reason code ${reasonCode}`;
  });
  client.on("error", (error) => {
    reason = error.message;
    // A packet that cannot be parsed leaves MQTT.js connected, and deaf.
    client.end(true);
  });
  client.once("close", () => resolve(reason));
  return promise;
}

/**
 * Hands each message on. `handleMessage` is the place where MQTT.js waits before it sends PUBACK, and
 * it handles the next message only after that; a batch needs many unacknowledged messages at once.
 * So the manual mode ends `handleMessage` with an error, which by MQTT.js's documented behaviour
 * means "no PUBACK", and writes the PUBACK itself, to the stream that brought the message.
 */
function receive(client: MqttClient, { acknowledge, onMessage }: ConnectionOptions): void {
  const notYet = new Error("acknowledged later");
  client.handleMessage = (packet, done) => {
    onMessage(inbound(client, packet));
    done(acknowledge === "manually" ? notYet : undefined);
  };
}

function inbound(client: MqttClient, packet: IPublishPacket): InboundMessage {
  const { topic, payload, qos, retain, messageId } = packet;
  const { stream } = client;
  return {
    topic,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    qos,
    retained: retain,
    acknowledge: () => {
      if (qos !== 1 || messageId === undefined || !stream.writable) return;
      // All PUBACKs of one batch leave in one write.
      stream.cork();
      stream.write(puback(messageId));
      process.nextTick(() => stream.uncork());
    },
  };
}

/** PUBACK with its two-byte packet id; without a reason code it means success in MQTT 5, too [MQTT-3.4.2.1]. */
function puback(packetId: number): Buffer {
  return Buffer.from([0x40, 0x02, packetId >> 8, packetId & 0xff]);
}

async function untilConnected(client: MqttClient): Promise<{ sessionPresent: boolean }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ sessionPresent: boolean }>();
  const onClose = (): void => reject(new Error("the broker closed the connection"));
  client.once("connect", resolve).once("error", reject).once("close", onClose);
  try {
    return await promise;
  } finally {
    client.off("connect", resolve).off("error", reject).off("close", onClose);
  }
}

async function publish(
  client: MqttClient,
  topic: string,
  payload: string | Buffer,
  { qos, retain = false, expirySeconds }: PublishOptions,
): Promise<void> {
  const expires = expirySeconds !== undefined && client.options.protocolVersion === 5;
  await client.publishAsync(topic, payload, {
    qos,
    retain,
    ...(expires ? { properties: { messageExpiryInterval: expirySeconds } } : {}),
  });
}

async function subscribe(
  client: MqttClient,
  subscriptions: readonly Subscription[],
  protocolVersion: ProtocolVersion,
): Promise<void> {
  // Retain handling 1: a subscription that the session already has brings no retained message again.
  const extra = protocolVersion === 5 ? { rh: 1 } : {};
  const wanted = subscriptions.map(({ filter, qos }) => [filter, { qos, ...extra }]);
  await client.subscribeAsync(Object.fromEntries(wanted));
}

async function close(client: MqttClient, timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // `end` waits for its stream for ever when the broker is gone.
  const timer = setTimeout(() => client.end(true, {}, () => resolve()), timeoutMs);
  client.end(false, {}, () => resolve());
  await promise;
  clearTimeout(timer);
}

/** MQTT.js keeps an unacknowledged publication for its next connection; ours has none. */
async function rejectOnClose<T>(closed: Promise<string>, operation: Promise<T>): Promise<T> {
  operation.catch(() => {});
  return await Promise.race([
    operation,
    closed.then((reason) => {
      throw new Error(`no answer from the broker: ${reason}`);
    }),
  ]);
}
