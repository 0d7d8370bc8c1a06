import type { BatchLimits, Receiver } from "./connection/connection.ts";
import type { DroppedMessage, InboundMessage } from "./packets/message.ts";
import { BrokenPackets } from "./packets/packet-parser.ts";

/** Takes messages one by one. */
export interface TakesMessages {
  /**
   * Called for each message, also before `onConnected`; then the message is acknowledged. Its bytes may
   * be kept. One of QoS 2 comes once, as long as this process lives. Default: messages are dropped.
   */
  onMessage?: (message: InboundMessage) => void;
  onBatch?: never;
}

/**
 * Takes messages in batches; by default of up to 5,000 rows, 8 MiB and 50 ms, each in one transaction.
 * Without `onFault` an error thrown by `onBatch` is not handled, and ends the process.
 */
export interface TakesBatches
  extends Pick<Receiver, "onBatch">,
    Partial<Pick<Receiver, "onNewSession" | "batch" | "commits" | "onFault">> {
  onMessage?: never;
}

/** As much as one transaction takes well, and less than a user notices. */
const BATCH_LIMITS: BatchLimits = { rowsMax: 5_000, bytesMax: 8 * 1_048_576, delayMs: 50 };
const ONE_BY_ONE: BatchLimits = { rowsMax: 1, bytesMax: 1, delayMs: 0 };

function rethrow(fault: unknown): void {
  throw fault;
}

/** The receiver of a client's connections. */
export function receiverOf(
  options: (TakesMessages | TakesBatches) & { onDropped?: (dropped: DroppedMessage) => void },
): Receiver {
  const { onDropped = () => {} } = options;
  const taking =
    options.onBatch === undefined ? takingOneByOne(options.onMessage) : takingBatches(options);
  return { ...taking, onDropped, brokenPackets: new BrokenPackets() };
}

type Taking = Omit<Receiver, "onDropped" | "brokenPackets">;

function takingBatches(options: TakesBatches): Taking {
  const { onBatch, onNewSession = () => {}, batch = BATCH_LIMITS } = options;
  const { commits = () => 1, onFault = rethrow } = options;
  return { onBatch, onNewSession, batch, commits, onFault };
}

function takingOneByOne(onMessage: TakesMessages["onMessage"]): Taking {
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
        onMessage?.({
          ...message,
          payload: Buffer.from(payload),
          ...(correlationData && { correlationData: Buffer.from(correlationData) }),
        });
      }
    },
    onNewSession: () => open.clear(),
    batch: ONE_BY_ONE,
    commits: () => 1,
    onFault: rethrow,
  };
}
