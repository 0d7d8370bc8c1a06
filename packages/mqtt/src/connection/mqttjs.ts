import { addAbortListener } from "node:events";
import { type Duplex, Transform } from "node:stream";
import type { IClientOptions, IConnackPacket, MqttClient } from "mqtt";
import mqtt from "mqtt";
import { generate, type Packet } from "mqtt-packet";
import { CONNECTION_CLOSED, endOf, Violation } from "../packets/errors.ts";
import type { ProtocolVersion } from "../packets/message.ts";
import { afterThisTurn, Batcher } from "./batcher.ts";
import { type Connection, type ConnectionOptions, connectFields, openedBy } from "./connection.ts";
import { watchHandshake } from "./handshake.ts";
import { createRequests } from "./requests.ts";

const NOTHING = Buffer.alloc(0);
/** What MQTT.js itself handles. */
const ITS_OWN: ReadonlySet<Packet["cmd"]> = new Set(["connack", "pingresp"]);

/**
 * Opens one connection by MQTT.js, which brings websockets, TLS, CONNECT and PINGREQ. Each has its own
 * client, so that nothing of an old connection can reach the next one. Every other packet is read and
 * written here: MQTT.js would acknowledge QoS 2 before it is stored, end the connection because of a topic
 * or a property that it does not accept, handle one message after the other where a batch needs many, stay
 * connected after a packet that it cannot parse, and keep an unanswered request for its next connection.
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
  const { clock, timeouts } = options;
  const closed = Promise.withResolvers<Error>();
  let endReason: Error | null = null;
  let requests: ReturnType<typeof createRequests> | null = null;
  let timer: Disposable | null = null;
  /** The beginning of a packet. */
  let rest: Buffer = NOTHING;

  const client = mqtt.connect(options.url, clientOptions(options, protocolVersion));
  const batcher = new Batcher(options, protocolVersion, {
    // It exists once CONNECT was sent, and stays the only one.
    socket: () => client.stream,
    onControl,
    end,
    // MQTT.js reads on by itself, so nothing waits for the network to take PUBACKs.
    onDrained: () => {},
  });

  function forgetTimer(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  function flush(): void {
    forgetTimer();
    batcher.flush();
  }

  function stop(): void {
    forgetTimer();
    batcher.close();
  }

  function take(chunk: Buffer): void {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = bytes.subarray(batcher.take(bytes, 0, bytes.length));
    if (batcher.isPending) timer ??= batcher.atNextTick(flush) ?? afterThisTurn(flush);
  }

  /** Writes, unless the stream is closing. */
  function write(bytes: Buffer, written?: (error?: Error | null) => void): void {
    if (client.stream.writable) client.stream.write(bytes, written);
  }

  /** Ends the connection at once; an MQTT 5 broker gets a DISCONNECT with the rule that it broke. */
  function end(reason: Error): void {
    // What came before a violation is valid. After any other end the broker takes no PUBACK, so that
    // messages which were handed on now would come again.
    if (reason instanceof Violation) flush();
    stop();
    if (endReason === null && protocolVersion === 5 && reason instanceof Violation) {
      write(generate({ cmd: "disconnect", reasonCode: reason.code }, { protocolVersion }));
    }
    endReason ??= reason;
    client.stream.destroy();
  }

  function onControl(packet: Packet, frame: Buffer): void {
    if (ITS_OWN.has(packet.cmd)) others.push(Buffer.from(frame));
    else if (packet.cmd === "disconnect") end(endOf(packet.reasonCode ?? 0));
    else requests?.answered(packet);
  }

  /** Sends DISCONNECT once all answers have come, after `disconnectMs` at the latest; then closes the connection. */
  async function close(): Promise<void> {
    if (client.stream.destroyed) {
      await closed.promise;
      return;
    }
    // `client.end` waits forever for a broker that has vanished, and a second, forced one does nothing then.
    using _timer = clock.schedule(timeouts.disconnectMs, () => client.stream.destroy());
    batcher.hurry();
    flush();
    await Promise.race([requests?.untilIdle(), closed.promise]);
    client.end();
    await closed.promise;
  }

  /** What is left for MQTT.js. */
  const others = new Transform({
    transform: (chunk, _, done) => {
      take(chunk);
      done();
    },
  });
  let reasonOf = (reason: Error): Error => reason;
  readThrough(client, others, (stream) => {
    reasonOf = watchHandshake(stream);
  });
  client.on("error", end);
  // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
  client.on("packetsend", ({ cmd }) => {
    if (cmd === "disconnect") stop();
  });
  client.once("close", () => {
    stop();
    closed.resolve(reasonOf(endReason ?? endOf(CONNECTION_CLOSED)));
  });

  client.connect();
  const connack = await untilConnected(client, closed.promise, signal);
  const opened = openedBy(connack, protocolVersion);
  requests = createRequests(opened, closed.promise, write);
  const aborting = addAbortListener(signal, close);
  client.once("close", () => aborting[Symbol.dispose]());
  return {
    ...opened,
    closed: closed.promise,
    ...requests.operations,
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
    // Otherwise MQTT.js prefers the credentials of the URL, and splits them at the last colon.
    auth: "",
    ...(ca !== null && { ca }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
  };
}

/** Puts a stream between the network and MQTT.js. Call it before the client connects. */
function readThrough(
  client: MqttClient,
  between: Transform,
  onStream: (stream: Duplex) => void,
): void {
  // Private, but the only place where the stream is known before MQTT.js begins to read it.
  const builder = client as unknown as { streamBuilder: (one: MqttClient) => Duplex };
  const buildStream = builder.streamBuilder;
  builder.streamBuilder = (one) => {
    const stream = buildStream(one);
    onStream(stream);
    const pipe = stream.pipe.bind(stream);
    const pipeBetween: Duplex["pipe"] = (reader) => pipe(between).pipe(reader);
    return Object.assign(stream, { pipe: pipeBetween });
  };
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
