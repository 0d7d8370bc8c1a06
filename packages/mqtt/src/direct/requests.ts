import { generate, type Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";

/** What can be asked of a broker with a packet id. */
type Request = Extract<Packet, { cmd: "publish" | "subscribe" | "unsubscribe" }>;
/** The broker's answer, or why nothing was asked. */
export type Answer = Packet | Error;
type Settle = (answer: Answer) => void;

/** What was asked of the broker, and has no answer yet. */
export interface Requests {
  /** Sends a packet with a packet id of its own. */
  send(packet: Request, settle: Settle): void;
  /** Takes an answer. One to a question that nobody asked has no effect. */
  answered(packet: Packet): void;
  /** Resolves when all that was asked has its answer. */
  idle(): Promise<void>;
}

const PACKET_ID_MAX = 65_535;

export function createRequests(
  protocolVersion: ProtocolVersion,
  write: (bytes: Buffer) => void,
): Requests {
  const waiting = new Map<number, Settle>();
  const idle: (() => void)[] = [];
  let lastId = 0;

  function nextId(): number {
    do lastId = (lastId % PACKET_ID_MAX) + 1;
    while (waiting.has(lastId));
    return lastId;
  }

  function send(packet: Request, settle: Settle): void {
    if (waiting.size >= PACKET_ID_MAX) {
      settle(new Error("no packet id is free: the broker does not answer"));
      return;
    }
    const messageId = nextId();
    try {
      write(generate({ ...packet, messageId }, { protocolVersion }));
    } catch (error) {
      // What cannot be encoded, an empty topic for example, was not sent.
      settle(error as Error);
      return;
    }
    waiting.set(messageId, settle);
  }

  return {
    send,
    answered: (packet) => {
      const { messageId = 0 } = packet;
      const settle = waiting.get(messageId);
      waiting.delete(messageId);
      settle?.(packet);
      if (waiting.size > 0) return;
      for (const resolve of idle.splice(0)) resolve();
    },
    idle: () => {
      if (waiting.size === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
}
