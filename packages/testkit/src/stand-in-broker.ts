import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import {
  generate,
  type IConnackPacket,
  type IPublishPacket,
  type Packet,
  parser,
} from "mqtt-packet";
import { eventually } from "./time.ts";

/** One client's connection to the stand-in. */
export interface Peer {
  socket: Socket;
  /** What the client has sent, oldest first. */
  received: Packet[];
  /** Sends packets in one write. */
  send(...packets: Packet[]): void;
}

/** A server in the place of a broker, which also does what no broker would do. */
export interface StandIn extends AsyncDisposable {
  port: number;
  url: string;
  /** All connections so far, oldest first. */
  peers: Peer[];
}

type Answer<C extends Packet["cmd"]> = (packet: Extract<Packet, { cmd: C }>, peer: Peer) => void;
/** How to answer a packet in place of the usual answer. */
export type Answers = { [C in Packet["cmd"]]?: Answer<C> };

const USUAL_ANSWERS: Answers = {
  connect: (_, peer) => peer.send(connack()),
  subscribe: ({ messageId = 0, subscriptions }, peer) =>
    peer.send({ cmd: "suback", messageId, granted: subscriptions.map(({ qos }) => qos) }),
  publish: ({ qos, messageId = 0 }, peer) => {
    if (qos === 1) peer.send({ cmd: "puback", messageId });
  },
  pingreq: (_, peer) => peer.send({ cmd: "pingresp" }),
  disconnect: (_, { socket }) => socket.end(),
};

/**
 * Starts a stand-in that answers as a broker does, but for the given answers.
 *
 * @param tls for connections by TLS.
 */
export async function startStandIn(answers: Answers = {}, tls?: TlsOptions): Promise<StandIn> {
  const peers: Peer[] = [];
  const serveOne = (socket: Socket): void => {
    peers.push(serve(socket, { ...USUAL_ANSWERS, ...answers }));
  };
  // Half-open: only the test decides when the stand-in ends a connection.
  const server =
    tls === undefined
      ? createServer({ allowHalfOpen: true }, serveOne)
      : createTlsServer(tls, serveOne);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls === undefined ? "mqtt" : "mqtts"}://127.0.0.1:${port}`,
    peers,
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of peers) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function serve(socket: Socket, answers: Answers): Peer {
  let protocolVersion = 4;
  const received: Packet[] = [];
  const send = (...packets: Packet[]): void => {
    socket.write(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion }))));
  };
  const peer = { socket, received, send };
  const incoming = parser();
  incoming.on("packet", (packet: Packet) => {
    received.push(packet);
    if (packet.cmd === "connect") protocolVersion = packet.protocolVersion ?? 4;
    // The key and the packet's type are the same word.
    (answers[packet.cmd] as Answer<Packet["cmd"]> | undefined)?.(packet as never, peer);
  });
  socket.on("data", (bytes: Buffer) => incoming.parse(bytes));
  // Many tests are about clients that end their connection without DISCONNECT.
  socket.on("error", () => {});
  return peer;
}

/** CONNACK in both versions: with return code or reason code. */
export function connack(code = 0, more: Partial<IConnackPacket> = {}): Packet {
  return { cmd: "connack", returnCode: code, reasonCode: code, sessionPresent: false, ...more };
}

/** A QoS 1 message with its packet id, or a QoS 0 message with 0. */
export function message(messageId: number, payload = `message ${messageId}`): IPublishPacket {
  const qos = messageId === 0 ? 0 : 1;
  return { cmd: "publish", topic: "a", payload, qos, messageId, dup: false, retain: false };
}

/** The packet ids that a client has acknowledged, in order. */
export function acknowledgedIds({ received }: Peer): (number | undefined)[] {
  return received.filter(({ cmd }) => cmd === "puback").map(({ messageId }) => messageId);
}

/** Waits until the newest client has acknowledged `count` messages. Resolves with their packet ids. */
export async function acknowledged(standIn: StandIn, count: number): Promise<unknown[]> {
  return await eventually(() => {
    const ids = acknowledgedIds(standIn.peers.at(-1) as Peer);
    return ids.length >= count && ids;
  });
}
