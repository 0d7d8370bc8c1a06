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
  /** Takes a batch. All of it is acknowledged when this returns, and nothing when it throws. */
  onBatch: (messages: readonly ReceivedMessage[]) => void;
  batch: BatchLimits;
  /** Into how many transactions the newest batch went. Where each has little, more is gathered. */
  commits: () => number;
  /** Gets what `onBatch` threw, once the connection is ending because of it. */
  onFault: (fault: unknown) => void;
  /** Called for each message that is too large to be taken. */
  onDropped: (dropped: DroppedMessage) => void;
}

/** As much as one transaction takes well, and less than a user notices. */
export const BATCH_LIMITS: BatchLimits = { rowsMax: 5_000, bytesMax: 8 * 1_048_576, delayMs: 50 };

const ONE_BY_ONE: BatchLimits = { rowsMax: 1, bytesMax: 1, delayMs: 0 };

/** Hands each message on by itself, with bytes that may be kept. */
export function receiverOf(onMessage: (message: InboundMessage) => void): Receiver {
  return {
    onBatch: (messages) => {
      for (const { subscriptions: _, payload, correlationData, ...message } of messages) {
        onMessage({
          ...message,
          payload: Buffer.from(payload),
          ...(correlationData && { correlationData: Buffer.from(correlationData) }),
        });
      }
    },
    batch: ONE_BY_ONE,
    commits: () => 1,
    onFault: (fault) => {
      throw fault;
    },
    onDropped: () => {},
  };
}
