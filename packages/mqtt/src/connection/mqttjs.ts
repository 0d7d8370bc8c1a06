import { addAbortListener } from "node:events";
import type { IClientOptions, IConnackPacket, ISubscriptionMap, MqttClient } from "mqtt";
import mqtt from "mqtt";
import { generate } from "mqtt-packet";
import { codeOf, endOf, HUNG_UP, withCode } from "../outage.ts";
import { isViolation } from "../packets/errors.ts";
import { type Answered, openedBy } from "../shortfalls.ts";
import { byIdentifier, type SubscriptionGroup } from "../subscription-sync.ts";
import {
  type Connection,
  type ConnectionOptions,
  credentialsOf,
  KEEPALIVE_SECONDS,
  type ProtocolVersion,
  RECEIVE_MAXIMUM,
  type SubscribeRequest,
  type Tls,
} from "./connection.ts";
import { type Batching, receive } from "./mqttjs-receive.ts";
import { createPending, createPublish, type Pending } from "./publish.ts";

/**
 * Opens one connection. MQTT.js has a client of its own for each, so that nothing of an old
 * connection (packet ids, queued packets, late callbacks) can reach the next one.
 *
 * @param signal ends it: at once while it opens, with a goodbye later.
 * @throws what the broker or the network said. Its socket is closed by then.
 */
export async function openMqttJsConnection(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const client = mqtt.connect(options.url, clientOptions(options, protocolVersion));
  const { closed, end } = watchEnd(client, () => batching.finish());
  const batching = receive(client, options, { protocolVersion, end });

  client.connect();
  const connack = await untilConnected(client, closed, signal);

  const pending = createPending(closed);
  const close = (): Promise<void> =>
    sayGoodbye({ client, batching, closed, timeoutMs: options.timeouts.goodbyeMs });
  const aborting = addAbortListener(signal, close);
  client.once("close", () => aborting[Symbol.dispose]());
  const opened = openedBy(connack, protocolVersion);
  return {
    ...opened,
    closed,
    publish: createPublish({
      send: ({ topic, payload, ...rest }, settle) => client.publish(topic, payload, rest, settle),
      opened,
      connack,
      pending,
    }),
    subscribe: (subscriptions, onAnswer) => subscribe(client, subscriptions, pending, onAnswer),
    unsubscribe: (filters) => unsubscribe(client, filters, pending),
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Resolves with the first reason that was given when the connection has ended.
 *
 * @param beforeEnd called before the stream is closed over a packet; those before it are sound.
 */
function watchEnd(
  client: MqttClient,
  beforeEnd: () => void,
): { closed: Promise<Error>; end: (reason: Error) => void } {
  const { promise, resolve } = Promise.withResolvers<Error>();
  let reason: Error | null = null;
  // MQTT.js stays connected, and deaf, after a packet that cannot be parsed, and leaves it to the
  // broker to hang up after a DISCONNECT.
  const end = (because: Error): void => {
    if (reason === null && isViolation(because)) sayWhy(client, because.code);
    reason ??= because;
    client.stream.destroy();
  };
  client.on("error", (error) => {
    if (codeOf(error) !== null) {
      end(error);
      return;
    }
    // A packet that cannot be parsed has no code. MQTT.js handles the packets before it later in this
    // turn, and would take what comes behind it for the beginning of another.
    reason ??= error;
    client.stream.unpipe();
    setImmediate(() => {
      beforeEnd();
      client.stream.destroy();
    });
  });
  client.on("disconnect", ({ reasonCode = 0 }) => end(endOf(reasonCode)));
  client.once("close", () => resolve(reason ?? endOf(HUNG_UP)));
  return { closed: promise, end };
}

/** DISCONNECT with a reason code, which only MQTT 5 has. */
function sayWhy({ stream, options }: MqttClient, reasonCode: number): void {
  if (options.protocolVersion !== 5 || !stream.writable) return;
  stream.write(generate({ cmd: "disconnect", reasonCode }, { protocolVersion: 5 }));
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
async function sayGoodbye(leaving: {
  client: MqttClient;
  batching: Batching;
  closed: Promise<Error>;
  timeoutMs: number;
}): Promise<void> {
  const { client, batching, closed, timeoutMs } = leaving;
  batching.hurry();
  // `end` waits for ever for a broker that is gone, and a second, forcing one does nothing then.
  const timer = setTimeout(() => client.stream.destroy(), timeoutMs);
  client.end();
  await closed;
  clearTimeout(timer);
}

/** A connection as MQTT.js is asked for it. */
function clientOptions(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): IClientOptions {
  const { clientId, session, will, timeouts, tls } = options;
  const properties = {
    sessionExpiryInterval: session.kind === "persistent" ? session.expirySeconds : 0,
    receiveMaximum: RECEIVE_MAXIMUM,
  };
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
    // By itself MQTT.js would let those of the URL win, and split them at the last colon.
    auth: "",
    ...credentialsOf(options),
    ...(tls && tlsOptions(tls)),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5 ? { properties } : {}),
  };
}

function tlsOptions({ ca, certificate, key }: Tls): Pick<IClientOptions, "ca" | "cert" | "key"> {
  return {
    ...(ca !== null && { ca }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
  };
}

/** @throws when the broker refuses. */
async function unsubscribe(
  client: MqttClient,
  filters: readonly string[],
  pending: Pending,
): Promise<void> {
  await pending.run((settle) => client.unsubscribe([...filters], (error) => settle(error)));
}

/** @throws when an answer does not fit. */
async function subscribe(
  client: MqttClient,
  subscriptions: readonly SubscribeRequest[],
  pending: Pending,
  onAnswer: (answer: Answered) => void,
): Promise<void> {
  const ask = async ({ identifier, members }: SubscriptionGroup<SubscribeRequest>) => {
    const wanted = subscriptionMap(members, client.options.protocolVersion === 5);
    // A filter like "1" comes first among the keys of an object.
    const order = Object.keys(wanted);
    await pending.run((settle) => {
      client.subscribe(
        wanted,
        // The type wants a QoS here, too; each filter has its own.
        {
          qos: 1,
          ...(identifier === null ? {} : { properties: { subscriptionIdentifier: identifier } }),
        },
        (error, _, suback) => {
          const granted = suback?.granted ?? [];
          if (granted.length !== order.length) {
            const reason = error?.message ?? `the broker answered ${granted.length} filters`;
            settle(withCode(`cannot subscribe to ${order.join(", ")}: ${reason}`, "SUBACK"));
            return;
          }
          for (const subscription of members) {
            const code = Number(granted[order.indexOf(subscription.filter)]);
            onAnswer({ subscription, code });
          }
          settle();
        },
      );
    });
  };
  await Promise.all(byIdentifier(subscriptions).map(ask));
}

function subscriptionMap(members: readonly SubscribeRequest[], isFive: boolean): ISubscriptionMap {
  const wanted = members.map(
    ({ filter, qos, retainAsPublished: rap = false, withRetained }) =>
      [filter, { qos, ...(isFive && { rh: withRetained ? 0 : 1, ...(rap && { rap }) }) }] as const,
  );
  return Object.fromEntries(wanted);
}
