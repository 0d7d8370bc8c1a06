import { addAbortListener } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "@weir/runtime";
import { generate, type IConnackPacket, type IConnectPacket, type Packet } from "mqtt-packet";
import { endOf, HUNG_UP, refusedBatch, withCode, wordsFor } from "../outage.ts";
import { isViolation } from "../packets/errors.ts";
import { openedBy } from "../shortfalls.ts";
import {
  type Connection,
  type ConnectionOptions,
  credentialsOf,
  KEEPALIVE_SECONDS,
  type ProtocolVersion,
  RECEIVE_MAXIMUM,
} from "./connection.ts";
import { createIntake, type Reading } from "./intake.ts";
import { createPending, createPublish } from "./publish.ts";
import { createRequests, createSend, type Requests, subscribe, unsubscribe } from "./requests.ts";

/**
 * Opens one connection that goes around MQTT.js, for who takes very much: it reads its socket once in
 * a tick instead of whenever there is something, and parses PUBLISH by hand. Taking in and
 * acknowledging a QoS 1 message costs 0.2 µs of CPU instead of 2.3 at saturation, 3 instead of 13 at
 * 5,000/s, and 15 instead of 42 at 500/s (docs/decisions/0007-the-direct-connection.md).
 *
 * @param signal ends it: at once while it opens, with a goodbye later.
 * @throws what the broker or the network said. Its socket is closed by then.
 */
export async function openDirectConnection(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const { receiver, clock } = options;
  const connected = Promise.withResolvers<IConnackPacket>();
  const intake = createIntake({
    protocolVersion,
    receiver,
    clock,
    socket: () => wire.socket,
    onControl,
    onViolation: (reason) => wire.end(reason),
    onRefused: (fault) => {
      wire.end(refusedBatch(fault));
      receiver.onFault(fault);
    },
  });
  const wire = openWire({ ...options, protocolVersion, onread: intake.onread, onEnd: intake.stop });
  const requests = createRequests(protocolVersion, wire.write);

  function onControl(packet: Packet): void {
    if (packet.cmd === "connack") {
      const code = packet.reasonCode ?? packet.returnCode ?? 0;
      if (code === 0) {
        options.onOpened?.(openedBy(packet, protocolVersion));
        connected.resolve(packet);
      } else wire.end(withCode(`Connection refused: ${wordsFor(code)}`, code));
    } else if (packet.cmd === "disconnect") wire.end(endOf(packet.reasonCode ?? 0));
    else requests.answered(packet);
  }

  wire.write(connectPacket(options, protocolVersion));
  const connack = await untilConnected({ connected: connected.promise, wire, options, signal });

  const keepalive = startKeepalive({
    seconds: connack.properties?.serverKeepAlive ?? KEEPALIVE_SECONDS,
    socket: wire.socket,
    clock,
    ping: () => wire.write(generate({ cmd: "pingreq" })),
    onLost: () => wire.end(new Error("Keepalive timeout")),
  });
  const goodbye = (): Promise<void> =>
    sayGoodbye({ intake, requests, wire, protocolVersion, options });
  const aborting = addAbortListener(signal, goodbye);
  wire.socket.once("close", () => {
    keepalive[Symbol.dispose]();
    aborting[Symbol.dispose]();
  });
  const pending = createPending(wire.closed);
  const asking = { requests, pending, protocolVersion };
  const send = createSend({ requests, wire, protocolVersion });
  const opened = openedBy(connack, protocolVersion);
  return {
    ...opened,
    closed: wire.closed,
    publish: createPublish({ send, opened, connack, pending }),
    subscribe: (subscriptions, onAnswer) => subscribe(asking, subscriptions, onAnswer),
    unsubscribe: (filters) => unsubscribe(asking, filters),
    [Symbol.asyncDispose]: goodbye,
  };
}

async function untilConnected(opening: {
  connected: Promise<IConnackPacket>;
  wire: Wire;
  options: ConnectionOptions;
  signal: AbortSignal;
}): Promise<IConnackPacket> {
  const { connected, wire, options, signal } = opening;
  const failed = wire.closed.then((reason) => {
    throw reason;
  });
  const late = new Error("connack timeout");
  using _timer = options.clock.schedule(options.timeouts.connectMs, () => wire.end(late));
  using _aborting = addAbortListener(signal, () => wire.end(new Error("stopped")));
  return await Promise.race([connected, failed]);
}

/** Resolves when what waits in the sockets was read: behind the event loop's next look at them. */
async function untilRead(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** DISCONNECT once all answers have come, at most for `goodbyeMs`; then hangs up. */
async function sayGoodbye(leaving: {
  intake: { hurry: () => void; stop: () => void };
  requests: Requests;
  wire: Wire;
  protocolVersion: ProtocolVersion;
  options: ConnectionOptions;
}): Promise<void> {
  const { intake, requests, wire, protocolVersion, options } = leaving;
  const { closed, socket } = wire;
  if (socket.destroyed) {
    await closed;
    return;
  }
  using _timer = options.clock.schedule(options.timeouts.goodbyeMs, () => socket.destroy());
  intake.hurry();
  await untilRead();
  await Promise.race([requests.idle(), closed]);
  // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
  intake.stop();
  wire.write(generate({ cmd: "disconnect" }, { protocolVersion }));
  socket.end();
  await closed;
}

/** CONNECT, encoded. */
function connectPacket(options: ConnectionOptions, protocolVersion: ProtocolVersion): Buffer {
  const { clientId, session, will } = options;
  const { username, password } = credentialsOf(options);
  const properties = {
    sessionExpiryInterval: session.kind === "persistent" ? session.expirySeconds : 0,
    receiveMaximum: RECEIVE_MAXIMUM,
  };
  const packet: IConnectPacket = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion,
    clientId,
    clean: session.kind === "clean",
    keepalive: KEEPALIVE_SECONDS,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5 ? { properties } : {}),
  };
  return generate(packet, { protocolVersion });
}

/** So many half intervals without a byte, in spite of PINGREQ, and the broker is gone. */
const QUIET_MAX = 3;

/**
 * Keeps a connection alive, and notices when it is not any more. Looks twice in each interval at how
 * much went through the socket, so that a message costs nothing. PINGREQ when nothing was sent
 * [MQTT-3.1.2-22], or nothing received, which may mean that nobody is there any more.
 *
 * @param seconds 0 when the broker asks for none.
 */
export function startKeepalive(options: {
  seconds: number;
  socket: Pick<Socket, "bytesRead" | "bytesWritten">;
  clock: Clock;
  ping: () => void;
  onLost: () => void;
}): Disposable {
  const { seconds, socket, clock, ping, onLost } = options;
  if (seconds === 0) return { [Symbol.dispose]: () => {} };
  let sentBytes = 0;
  let receivedBytes = 0;
  let quiet = 0;

  return clock.repeat((seconds * 1_000) / 2, () => {
    const hasSent = socket.bytesWritten > sentBytes;
    const hasReceived = socket.bytesRead > receivedBytes;
    quiet = hasReceived ? 0 : quiet + 1;
    // More than the half interval behind PINGREQ: what came in while this process was busy is read
    // only after its timers.
    if (quiet >= QUIET_MAX) {
      onLost();
      return;
    }
    if (!hasSent || !hasReceived) ping();
    sentBytes = socket.bytesWritten;
    receivedBytes = socket.bytesRead;
  });
}

/** The socket of one connection, and the reason of its end. */
export interface Wire {
  socket: Socket;
  /** Resolves with the first reason that was given when the socket has closed. */
  closed: Promise<Error>;
  /** Writes, unless the socket is closing. */
  write(bytes: Buffer, written?: (error?: Error | null) => void): void;
  /** Ends the connection: at once, and an MQTT 5 broker that broke the protocol is told which way. */
  end(reason: Error): void;
}

const PORT = 1883;

/** @param onEnd called when the connection is to end, or has ended; perhaps twice. */
function openWire(options: {
  url: ConnectionOptions["url"];
  protocolVersion: ProtocolVersion;
  onread: Reading["onread"];
  onEnd: () => void;
}): Wire {
  const { protocolVersion, onread, onEnd } = options;
  const { hostname, port } = new URL(options.url);
  const { promise, resolve } = Promise.withResolvers<Error>();
  let reason: Error | null = null;
  const socket = connect({
    // An IPv6 address has brackets in a URL only.
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? PORT : Number(port),
    noDelay: true,
    onread,
  });
  socket.on("error", (error) => {
    reason ??= error;
  });
  socket.once("close", () => {
    onEnd();
    resolve(reason ?? endOf(HUNG_UP));
  });

  function write(bytes: Buffer, written?: (error?: Error | null) => void): void {
    if (socket.writable) socket.write(bytes, written);
  }

  return {
    socket,
    closed: promise,
    write,
    end: (because) => {
      onEnd();
      if (reason === null && protocolVersion === 5 && isViolation(because)) {
        write(generate({ cmd: "disconnect", reasonCode: because.code }, { protocolVersion }));
      }
      reason ??= because;
      socket.destroy();
    },
  };
}
