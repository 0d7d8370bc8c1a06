import { addAbortListener } from "node:events";
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import type { Will } from "./availability.ts";
import type { Session, Subscription } from "./message.ts";
import { endOf, HUNG_UP } from "./outage.ts";
import { createPending } from "./pending.ts";
import { createPublish, type Publish } from "./publish.ts";
import { type Receiver, receive } from "./receive.ts";
import { subscribe, unsubscribe } from "./subscribe.ts";

/** 5 is MQTT 5, 4 is MQTT 3.1.1, as CONNECT counts them. */
export type ProtocolVersion = 5 | 4;

export interface ConnectionOptions extends Receiver {
  url: string;
  username: string | null;
  password: string | null;
  clientId: string;
  session: Session;
  /** What the broker publishes when this connection ends without a goodbye; `null` for nothing. */
  will: Will | null;
  /** How long the broker may take for its CONNACK, and for the end of a connection. */
  timeouts: { connectMs: number; goodbyeMs: number };
}

/** One network connection to a broker, from CONNACK to its end. It does not come back. */
export interface Connection extends AsyncDisposable {
  protocolVersion: ProtocolVersion;
  /** The broker kept the session of this client id. */
  sessionPresent: boolean;
  /** Resolves with the reason when the connection has ended. Never rejects. */
  closed: Promise<Error>;
  /** Resolves when the broker has the message (QoS 1: PUBACK). Rejects when the connection ends before. */
  publish: Publish;
  /** @throws when the broker refuses one of the filters. */
  subscribe(subscriptions: readonly Subscription[]): Promise<void>;
  /** @throws when the broker refuses. */
  unsubscribe(filters: readonly string[]): Promise<void>;
}

const KEEPALIVE_SECONDS = 20;
/** How many QoS 1 messages the broker may have under way to us. Told to MQTT 5 brokers. */
const RECEIVE_MAXIMUM = 65_535;

/**
 * Opens one connection. MQTT.js has a client of its own for each, so that nothing of an old
 * connection (packet ids, queued packets, late callbacks) can reach the next one.
 *
 * @param signal ends it: at once while it opens, with a goodbye later.
 * @throws what the broker or the network said. Its socket is closed by then.
 */
export async function openConnection(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const client = mqtt.connect(options.url, clientOptions(options, protocolVersion));
  const closed = watchEnd(client);
  receive(client, options);

  client.connect();
  const connack = await untilConnected(client, closed, signal);

  const pending = createPending(closed);
  const close = (): Promise<void> => sayGoodbye(client, closed, options.timeouts.goodbyeMs);
  const aborting = addAbortListener(signal, close);
  client.once("close", () => aborting[Symbol.dispose]());
  return {
    protocolVersion,
    sessionPresent: connack.sessionPresent,
    closed,
    publish: createPublish(client, connack, pending),
    subscribe: (subscriptions) => subscribe(client, subscriptions, pending),
    unsubscribe: (filters) => unsubscribe(client, filters, pending),
    [Symbol.asyncDispose]: close,
  };
}

function clientOptions(
  { clientId, username, password, session, will, timeouts }: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): IClientOptions {
  const sessionExpiryInterval = session.kind === "persistent" ? session.expirySeconds : 0;
  return {
    protocolVersion,
    clientId,
    clean: session.kind === "clean",
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: timeouts.connectMs,
    // Handlers first, CONNECT after: a resumed session delivers right behind its CONNACK.
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval, receiveMaximum: RECEIVE_MAXIMUM } }
      : {}),
  };
}

/** Resolves with the first reason that was given when the connection has ended. */
function watchEnd(client: MqttClient): Promise<Error> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  let reason: Error | null = null;
  // MQTT.js stays connected, and deaf, after a packet that cannot be parsed, and leaves it to the
  // broker to hang up after a DISCONNECT.
  const end = (because: Error): void => {
    reason ??= because;
    client.stream.destroy();
  };
  client.on("error", end);
  client.on("disconnect", ({ reasonCode = 0 }) => end(endOf(reasonCode)));
  client.once("close", () => resolve(reason ?? endOf(HUNG_UP)));
  return promise;
}

async function untilConnected(
  client: MqttClient,
  closed: Promise<Error>,
  signal: AbortSignal,
): Promise<IConnackPacket> {
  const connected = new Promise<IConnackPacket>((resolve) => client.once("connect", resolve));
  const failed = closed.then((reason) => {
    throw reason;
  });
  using _aborting = addAbortListener(signal, () => client.stream.destroy());
  return await Promise.race([connected, failed]);
}

/** DISCONNECT once all answers have come, at most for `timeoutMs`; then hangs up. */
async function sayGoodbye(
  client: MqttClient,
  closed: Promise<Error>,
  timeoutMs: number,
): Promise<void> {
  // `end` waits for ever for a broker that is gone, and a second, forcing one does nothing then.
  const timer = setTimeout(() => client.stream.destroy(), timeoutMs);
  client.end();
  await closed;
  clearTimeout(timer);
}
