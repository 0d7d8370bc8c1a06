import { addAbortListener } from "node:events";
import mqtt, { type IConnackPacket, type MqttClient } from "mqtt";
import { generate } from "mqtt-packet";
import type { Connection, ConnectionOptions, ProtocolVersion } from "../connection.ts";
import { openedBy } from "../grants.ts";
import { codeOf, endOf, HUNG_UP } from "../outage.ts";
import { createPending } from "../pending.ts";
import { createPublish } from "../publish.ts";
import { isViolation } from "../violation.ts";
import { clientOptions } from "./client-options.ts";
import type { Gathering } from "./gather.ts";
import { receive } from "./receive.ts";
import { subscribe, unsubscribe } from "./subscribe.ts";

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
  const { closed, end } = watchEnd(client, () => gathering.finish());
  const gathering = receive(client, options, { protocolVersion, end });

  client.connect();
  const connack = await untilConnected(client, closed, signal);

  const pending = createPending(closed);
  const close = (): Promise<void> =>
    sayGoodbye({ client, gathering, closed, timeoutMs: options.timeouts.goodbyeMs });
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
  gathering: Gathering;
  closed: Promise<Error>;
  timeoutMs: number;
}): Promise<void> {
  const { client, gathering, closed, timeoutMs } = leaving;
  gathering.hurry();
  // `end` waits for ever for a broker that is gone, and a second, forcing one does nothing then.
  const timer = setTimeout(() => client.stream.destroy(), timeoutMs);
  client.end();
  await closed;
  clearTimeout(timer);
}
