import { type BrokenPackets, createBrokenPackets } from "./broken-packets.ts";
import type { DroppedMessage, InboundMessage, ReceivedMessage } from "./message.ts";

/** When a batch is full, and how long its first message may wait for company. */
export interface BatchLimits {
  rowsMax: number;
  /** Of payloads. */
  bytesMax: number;
  /** 0: messages wait for nobody. */
  delayMs: number;
}

/** Who takes the messages of a connection. */
export interface Receiver {
  /**
   * Takes a batch. All of it is acknowledged when this returns, and nothing when it throws. A message
   * of QoS 2 whose packet id is open has been taken before.
   *
   * @param released packet ids of QoS 2 that are open no more. What the batch brings came after that.
   */
  onBatch: (messages: readonly ReceivedMessage[], released: readonly number[]) => void;
  /** Called before the first message of a session that is new: no packet id is open in it. */
  onNewSession: () => void;
  brokenPackets: BrokenPackets;
  batch: BatchLimits;
  /** Into how many transactions the newest batch went. Where each has little, more is gathered. */
  commits: () => number;
  /** Gets what `onBatch` threw, once the connection is ending because of it. */
  onFault: (fault: unknown) => void;
  /** Called for each message that is not handed on. */
  onDropped: (dropped: DroppedMessage) => void;
}

/** As much as one transaction takes well, and less than a user notices. */
export const BATCH_LIMITS: BatchLimits = { rowsMax: 5_000, bytesMax: 8 * 1_048_576, delayMs: 50 };

const ONE_BY_ONE: BatchLimits = { rowsMax: 1, bytesMax: 1, delayMs: 0 };

/** Hands each message on by itself, with bytes that may be kept; of QoS 2 once, while this process lives. */
export function receiverOf(onMessage: (message: InboundMessage) => void): Receiver {
  const open = new Set<number>();
  return {
    onBatch: (messages, released) => {
      for (const packetId of released) open.delete(packetId);
      for (const received of messages) {
        const { subscriptions: _, packetId, payload, correlationData, ...message } = received;
        if (packetId !== undefined) {
          if (open.has(packetId)) continue;
          open.add(packetId);
        }
        onMessage({
          ...message,
          payload: Buffer.from(payload),
          ...(correlationData && { correlationData: Buffer.from(correlationData) }),
        });
      }
    },
    onNewSession: () => open.clear(),
    batch: ONE_BY_ONE,
    commits: () => 1,
    onFault: (fault) => {
      throw fault;
    },
    onDropped: () => {},
    brokenPackets: createBrokenPackets(),
  };
}
