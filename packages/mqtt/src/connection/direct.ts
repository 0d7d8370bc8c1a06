import { addAbortListener } from "node:events";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "@weir/runtime";
import { generate, type IConnackPacket, type IConnectPacket, type Packet } from "mqtt-packet";
import { CONNECTION_CLOSED, endOf, Violation, withCode, wordsFor } from "../packets/errors.ts";
import type { ProtocolVersion } from "../packets/message.ts";
import { Batcher } from "./batcher.ts";
import {
  type Connection,
  type ConnectionOptions,
  connackCode,
  connectFields,
  KEEPALIVE_SECONDS,
  openedBy,
} from "./connection.ts";
import { watchHandshake } from "./handshake.ts";
import { createRequests } from "./requests.ts";
import { SocketReader } from "./socket-reader.ts";

/**
 * Opens one connection without MQTT.js, for clients that receive very much: it reads its socket once in
 * a tick instead of whenever something has arrived, and parses PUBLISH by hand. Receiving and
 * acknowledging a QoS 1 message costs 0.2 µs of CPU instead of 2.3 at saturation, 3 instead of 13 at
 * 5,000/s, and 15 instead of 42 at 500/s (docs/decisions/0007-the-direct-connection.md).
 *
 * @param signal ends it: at once while it opens, with DISCONNECT later.
 * @throws the reason that the broker or the network gives. Its socket is closed by then.
 */
export async function openDirectConnection(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted();
  const { clock, timeouts } = options;
  const closed = Promise.withResolvers<Error>();
  const connected = Promise.withResolvers<IConnackPacket>();
  let endReason: Error | null = null;
  let requests: ReturnType<typeof createRequests> | null = null;

  const batcher = new Batcher(options, protocolVersion, {
    socket: () => socket,
    onControl,
    end,
    onDrained: () => reader.drained(),
  });
  const reader = new SocketReader(options, batcher);
  const { socket } = reader;
  const reasonOf = watchHandshake(socket);
  socket.on("error", (error) => {
    endReason ??= error;
  });
  socket.once("close", () => {
    reader.stop();
    closed.resolve(reasonOf(endReason ?? endOf(CONNECTION_CLOSED)));
  });

  /** Writes, unless the socket is closing. */
  function write(bytes: Buffer, written?: (error?: Error | null) => void): void {
    if (socket.writable) socket.write(bytes, written);
  }

  /** Ends the connection at once; an MQTT 5 broker gets a DISCONNECT with the rule that it broke. */
  function end(reason: Error): void {
    reader.stop();
    if (endReason === null && protocolVersion === 5 && reason instanceof Violation) {
      write(generate({ cmd: "disconnect", reasonCode: reason.code }, { protocolVersion }));
    }
    endReason ??= reason;
    socket.destroy();
  }

  function onControl(packet: Packet): void {
    if (packet.cmd === "disconnect") end(endOf(packet.reasonCode ?? 0));
    else if (packet.cmd !== "connack") requests?.answered(packet);
    else {
      const code = connackCode(packet);
      if (code === 0) connected.resolve(packet);
      else end(withCode(`Connection refused: ${wordsFor(code)}`, code));
    }
  }

  async function untilConnected(): Promise<IConnackPacket> {
    const failed = closed.promise.then((reason) => {
      throw reason;
    });
    const late = new Error("connack timeout");
    using _timer = clock.schedule(timeouts.connectMs, () => end(late));
    using _aborting = addAbortListener(signal, () => end(new Error("stopped")));
    return await Promise.race([connected.promise, failed]);
  }

  /** Sends DISCONNECT once all answers have come, after `disconnectMs` at the latest; then closes the connection. */
  async function close(): Promise<void> {
    if (socket.destroyed) {
      await closed.promise;
      return;
    }
    using _timer = clock.schedule(timeouts.disconnectMs, () => socket.destroy());
    batcher.hurry();
    reader.resume();
    // What waits in the socket is read after the event loop's next poll.
    await setImmediate();
    await setImmediate();
    await Promise.race([requests?.untilIdle(), closed.promise]);
    // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
    reader.stop();
    write(generate({ cmd: "disconnect" }, { protocolVersion }));
    socket.end();
    await closed.promise;
  }

  write(connectPacket(options, protocolVersion));
  const connack = await untilConnected();
  const opened = openedBy(connack, protocolVersion);
  requests = createRequests(opened, closed.promise, write);

  const keepalive = startKeepalive({
    seconds: connack.properties?.serverKeepAlive ?? KEEPALIVE_SECONDS,
    socket,
    clock,
    ping: () => write(generate({ cmd: "pingreq" })),
    onLost: () => end(new Error("Keepalive timeout")),
  });
  const aborting = addAbortListener(signal, close);
  socket.once("close", () => {
    keepalive[Symbol.dispose]();
    aborting[Symbol.dispose]();
  });
  return {
    ...opened,
    closed: closed.promise,
    ...requests.operations,
    [Symbol.asyncDispose]: close,
  };
}

function connectPacket(options: ConnectionOptions, protocolVersion: ProtocolVersion): Buffer {
  const { password, ...fields } = connectFields(options, protocolVersion);
  const packet: IConnectPacket = {
    cmd: "connect",
    protocolId: "MQTT",
    ...fields,
    ...(password !== undefined && { password: Buffer.from(password) }),
  };
  return generate(packet, { protocolVersion });
}

/** After so many half intervals without a byte, in spite of PINGREQ, the connection is lost. */
const QUIET_MAX = 3;

/**
 * Keeps a connection alive, and notices its loss. Twice in each interval it looks at how much went
 * through the socket, so that a message costs nothing. It sends PINGREQ when nothing was sent
 * [MQTT-3.1.2-22], or nothing received, which may mean that the broker has vanished.
 *
 * @param options.seconds 0 when the broker asks for none.
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
    // One half interval longer than an answer to PINGREQ needs: what arrived while this process was
    // busy is read only after its timers.
    if (quiet >= QUIET_MAX) {
      onLost();
      return;
    }
    if (!hasSent || !hasReceived) ping();
    sentBytes = socket.bytesWritten;
    receivedBytes = socket.bytesRead;
  });
}
