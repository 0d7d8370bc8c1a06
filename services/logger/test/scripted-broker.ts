import type { Socket } from "node:net";
import { connack, type Peer, startStandIn } from "@weir/testkit";

/** A message, and where the connection is cut on its way. */
export interface ScriptedMessage {
  topic: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  payload: string;
  /** MQTT 5: the properties with their length. */
  properties: Buffer;
  /**
   * Behind which packet the connection is cut, once. What the client sends there gets lost: the broker
   * sends again what was not answered. `null` for nowhere.
   */
  cut: Cut | null;
}

/** PUBACK and PUBREC are both the first answer. */
export type Cut = "publish" | "answer" | "pubrel" | "pubcomp";

export interface ScriptedBroker extends AsyncDisposable {
  port: number;
  /** Resolves when every message has had all its answers. */
  isDone: Promise<void>;
}

/**
 * Sends messages one after the other, each until it has its answers, to a client that keeps its session.
 * Two packet ids take turns, so that each is used again and again.
 *
 * @param setsDup whether what comes again is marked. aedes does not mark it.
 * @param onCut called for each cut, when the connection is gone; its end is awaited.
 */
export async function startScriptedBroker(options: {
  version: 4 | 5;
  messages: readonly ScriptedMessage[];
  setsDup: boolean;
  onCut?: () => Promise<void>;
}): Promise<ScriptedBroker> {
  const { version, messages, setsDup, onCut = () => Promise.resolve() } = options;
  const done = Promise.withResolvers<void>();
  let hasSession = false;
  let at = 0;
  let state: "unsent" | "sent" | "received" = "unsent";
  /** The cuts that were made, as places in the list. */
  const cutAt = new Set<number>();
  let cutting: Promise<void> = Promise.resolve();

  const packetId = (): number => 1 + (at % 2);

  function next(peer: Peer): void {
    at += 1;
    state = "unsent";
    go(peer);
  }

  function go(peer: Peer): void {
    const message = messages[at];
    if (message === undefined) {
      done.resolve();
      return;
    }
    if (state === "received") {
      peer.send({ cmd: "pubrel", messageId: packetId() });
      cut(peer.socket, "pubrel");
      return;
    }
    peer.socket.write(
      encode(message, { packetId: packetId(), isAgain: setsDup && state === "sent", version }),
    );
    state = "sent";
    if (cut(peer.socket, "publish")) return;
    if (message.qos === 0) next(peer);
  }

  /** Whether the connection was cut here. */
  function cut(socket: Socket, place: Cut): boolean {
    if (messages[at]?.cut !== place || cutAt.has(at)) return false;
    cutAt.add(at);
    // Behind what was written.
    socket.end(() => socket.destroy());
    cutting = cutting.then(onCut);
    if (messages[at]?.qos === 0) at += 1;
    return true;
  }

  /** Answers packets on a connection that was not cut. */
  function unlessCut<P>(answer: (packet: P, peer: Peer) => void): typeof answer {
    return (packet, peer) => {
      if (!peer.socket.writableEnded) answer(packet, peer);
    };
  }

  const standIn = await startStandIn({
    connect: ({ protocolVersion }, peer) => {
      if (protocolVersion !== version) {
        peer.socket.end(Buffer.from([0x20, 0x02, 0x00, 0x01]));
        return;
      }
      peer.send(connack(0, { sessionPresent: hasSession }));
      if (hasSession) go(peer);
    },
    subscribe: unlessCut(({ subscriptions, messageId = 0 }, peer) => {
      peer.send({ cmd: "suback", messageId, granted: subscriptions.map(({ qos }) => qos) });
      if (!hasSession) go(peer);
      hasSession = true;
    }),
    puback: unlessCut(({ messageId }, peer) => {
      if (messageId === packetId() && !cut(peer.socket, "answer")) next(peer);
    }),
    pubrec: unlessCut(({ messageId }, peer) => {
      if (messageId !== packetId() || cut(peer.socket, "answer")) return;
      state = "received";
      go(peer);
    }),
    pubcomp: unlessCut(({ messageId }, peer) => {
      if (messageId === packetId() && !cut(peer.socket, "pubcomp")) next(peer);
    }),
    // The script has no answer to what the logger publishes.
    publish: () => {},
  });
  return {
    port: standIn.port,
    isDone: done.promise.then(() => cutting),
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  };
}

function encode(
  { topic, qos, retain, payload, properties }: ScriptedMessage,
  { packetId, isAgain, version }: { packetId: number; isAgain: boolean; version: 4 | 5 },
): Buffer {
  const body = Buffer.concat([
    uint16(topic.length),
    topic,
    qos === 0 ? Buffer.alloc(0) : uint16(packetId),
    version === 5 ? properties : Buffer.alloc(0),
    Buffer.from(payload),
  ]);
  if (body.length > 127) throw new TypeError("a message of the script is longer than 127 bytes");
  const first = 0x30 | (isAgain ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return Buffer.concat([Buffer.from([first, body.length]), body]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
