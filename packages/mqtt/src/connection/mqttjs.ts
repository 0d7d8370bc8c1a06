import { addAbortListener } from "node:events";
import { type Duplex, Transform } from "node:stream";
import type { IClientOptions, IConnackPacket, MqttClient } from "mqtt";
import mqtt from "mqtt";
import { generate } from "mqtt-packet";
import { CONNECTION_CLOSED, codeOf, endOf, Violation } from "../packets/errors.ts";
import type { ProtocolVersion } from "../packets/message.ts";
import { Batcher } from "./batcher.ts";
import { type Connection, type ConnectionOptions, connectFields, openedBy } from "./connection.ts";
import { createOperations, type Sender } from "./operations.ts";
import { createPace, createTicks } from "./pace.ts";
import { afterThisTurn } from "./socket-reader.ts";

/**
 * Opens one connection. Each has its own MQTT.js client, so that nothing of an old connection
 * (packet ids, queued packets, late callbacks) can reach the next one.
 *
 * @param signal ends it: at once while it opens, with DISCONNECT later.
 * @throws the reason that the broker or the network gives. Its socket is closed by then.
 */
export async function openMqttJsConnection(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const client = mqtt.connect(options.url, clientOptions(options, protocolVersion));
  const { closed, end } = watchEnd(client, () => receiving.finish());
  const receiving = receive(client, options, { protocolVersion, end });

  /** Sends DISCONNECT once all answers have come, after `disconnectMs` at the latest; then closes the connection. */
  async function close(): Promise<void> {
    receiving.hurry();
    // `end` waits forever for a broker that has vanished, and a second, forced one does nothing then.
    const timer = setTimeout(() => client.stream.destroy(), options.timeouts.disconnectMs);
    client.end();
    await closed;
    clearTimeout(timer);
  }

  client.connect();
  const connack = await untilConnected(client, closed, signal);

  const aborting = addAbortListener(signal, close);
  client.once("close", () => aborting[Symbol.dispose]());
  const opened = openedBy(connack, protocolVersion);
  return {
    ...opened,
    closed,
    ...createOperations({ send: senderOf(client), opened, closed }),
    [Symbol.asyncDispose]: close,
  };
}

function clientOptions(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): IClientOptions {
  const { ca = null, certificate = null, key = null } = options.tls ?? {};
  return {
    ...connectFields(options, protocolVersion),
    connectTimeout: options.timeouts.connectMs,
    // Handlers first, CONNECT after: a resumed session delivers right behind its CONNACK.
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Otherwise MQTT.js prefers the credentials of the URL, and splits them at the last colon.
    auth: "",
    ...(ca !== null && { ca }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
  };
}

/**
 * Resolves with the first reason that was given when the connection has ended.
 *
 * @param beforeEnd called before the stream is closed because of a packet; those before it are valid.
 */
function watchEnd(
  client: MqttClient,
  beforeEnd: () => void,
): { closed: Promise<Error>; end: (reason: Error) => void } {
  const { promise, resolve } = Promise.withResolvers<Error>();
  let endReason: Error | null = null;
  // After a packet that it cannot parse, MQTT.js stays connected and reads no more. After a DISCONNECT it
  // waits for the broker to close the connection.
  const end = (reason: Error): void => {
    if (endReason === null && reason instanceof Violation) sendDisconnect(client, reason.code);
    endReason ??= reason;
    client.stream.destroy();
  };
  client.on("error", (error) => {
    if (codeOf(error) !== null) {
      end(error);
      return;
    }
    // The error of a packet that cannot be parsed has no code. MQTT.js handles the packets before it
    // later in this turn, and would take what follows for the beginning of another packet.
    endReason ??= error;
    client.stream.unpipe();
    setImmediate(() => {
      beforeEnd();
      client.stream.destroy();
    });
  });
  client.on("disconnect", ({ reasonCode = 0 }) => end(endOf(reasonCode)));
  client.once("close", () => resolve(endReason ?? endOf(CONNECTION_CLOSED)));
  return { closed: promise, end };
}

/** Only DISCONNECT of MQTT 5 has a reason code. */
function sendDisconnect({ stream, options }: MqttClient, reasonCode: number): void {
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

function senderOf(client: MqttClient): Sender {
  return {
    publish: ({ topic, payload, ...options }, settle) =>
      client.publish(topic, payload, options, settle),
    subscribe: ({ subscriptions, properties }, settle) => {
      const wanted = Object.fromEntries(subscriptions.map(({ topic, ...one }) => [topic, one]));
      // MQTT.js asks, and is answered, in the order of the keys: there a filter like "1" comes first.
      const order = Object.keys(wanted);
      // The type demands a QoS here, too; each filter has its own.
      client.subscribe(
        wanted,
        { qos: 1, ...(properties && { properties }) },
        (error, _, suback) => {
          const granted = suback?.granted ?? [];
          if (granted.length === order.length) {
            settle(subscriptions.map(({ topic }) => Number(granted[order.indexOf(topic)])));
          } else {
            settle(
              error ??
                new Error(`the broker answered ${granted.length} of ${order.length} filters`),
            );
          }
        },
      );
    },
    unsubscribe: (filters, settle) => client.unsubscribe([...filters], (error) => settle(error)),
  };
}

const NOTHING = Buffer.alloc(0);

/**
 * Takes PUBLISH and PUBREL out of what MQTT.js reads, before it parses them, and hands the messages on.
 * MQTT.js would acknowledge QoS 2 before it is stored, end the connection because of a topic or a
 * property that it does not accept, and handle one message after the other, where a batch needs many.
 * Call it before the client connects.
 *
 * @param end ends the connection.
 */
function receive(
  client: MqttClient,
  { receiver, clock, onOpened }: Pick<ConnectionOptions, "receiver" | "clock" | "onOpened">,
  { protocolVersion, end }: { protocolVersion: ProtocolVersion; end: (reason: Error) => void },
) {
  const { delayMs } = receiver.batch;
  const pace = createPace({ allowed: protocolVersion === 5, delayMs, clock });
  const ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
  const batcher = new Batcher({
    protocolVersion,
    receiver,
    // It exists once CONNECT was sent, and stays the only one.
    socket: () => client.stream,
    onOpened,
    onControl: (frame) => others.push(frame),
    end,
    // MQTT.js reads on by itself, so nothing waits for the network to take PUBACKs.
    onDrained: () => {},
  });
  /** The beginning of a packet. */
  let rest: Buffer = NOTHING;
  let isOpen = true;
  let isHurrying = false;
  let timer: Disposable | null = null;

  function forgetTimer(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  function flush(): void {
    forgetTimer();
    batcher.flush();
    const { messages, acknowledged } = batcher.takeCounts();
    if (messages > 0) pace.took(acknowledged);
  }

  function stop(): void {
    forgetTimer();
    batcher.close();
  }

  function finish(): void {
    flush();
    stop();
  }

  function take(chunk: Buffer): void {
    if (!isOpen) return;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    ticks.came(chunk.length);
    try {
      rest = bytes.subarray(batcher.take(bytes, bytes.length));
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      isOpen = false;
      // The packets before it are valid.
      finish();
      end(error);
      return;
    }
    if (!batcher.isPending) return;
    timer ??=
      isHurrying || !pace.mayBatch()
        ? afterThisTurn(flush)
        : clock.schedule(ticks.untilNextMs(), flush);
  }

  /** What is left for MQTT.js. */
  const others = new Transform({
    transform: (chunk, _, done) => {
      take(chunk);
      done();
    },
  });
  // Private, but the only place where the stream is known before MQTT.js begins to read it.
  const builder = client as unknown as { streamBuilder: (one: MqttClient) => Duplex };
  const buildStream = builder.streamBuilder;
  builder.streamBuilder = (one) => {
    const stream = buildStream(one);
    const pipe = stream.pipe.bind(stream);
    const pipeOthers: Duplex["pipe"] = (reader) => pipe(others).pipe(reader);
    return Object.assign(stream, { pipe: pipeOthers });
  };

  // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
  client.on("packetsend", ({ cmd }) => {
    if (cmd === "disconnect") stop();
  });
  client.once("close", stop);

  return {
    /** Hands on what there is, and from now on each message in the turn in which it arrives. */
    hurry: () => {
      isHurrying = true;
      flush();
    },
    /** Hands on what there is, and takes no more. */
    finish,
  };
}
