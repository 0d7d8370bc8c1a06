import type { Clock } from "@weir/clock";
import type { ReceivedMessage } from "../message.ts";
import type { Receiver } from "../receiver.ts";

/** Gathers the messages of one connection into batches. */
export interface Gathering {
  /** Adds a message, with its packet id if it wants a PUBACK; a full batch is handed on before this returns. */
  add(message: ReceivedMessage, packetId: number | null): void;
  /** Hands on what there is, now. */
  flush(): void;
  /** Hands on what there is, and from now on each message in the turn in which it comes. */
  hurry(): void;
  /** Forgets what there is, and takes no more: the broker sends it again. */
  stop(): void;
}

/**
 * @param gathers whether messages may wait longer than the turn of the event loop that brought them.
 * @param acknowledge gets the packet ids of a batch that was taken.
 * @param refuse gets what a batch was refused with. The gathering has stopped by then.
 */
export function createGathering(options: {
  receiver: Pick<Receiver, "onBatch" | "batch">;
  gathers: boolean;
  clock: Clock;
  acknowledge: (packetIds: readonly number[]) => void;
  refuse: (fault: unknown) => void;
}): Gathering {
  const { receiver, clock, acknowledge, refuse } = options;
  const { rowsMax, bytesMax, delayMs } = receiver.batch;
  let gathers = options.gathers && delayMs > 0;
  let messages: ReceivedMessage[] = [];
  let packetIds: number[] = [];
  let bytes = 0;
  let timer: Disposable | null = null;
  let isOpen = true;

  function empty(): void {
    timer?.[Symbol.dispose]();
    timer = null;
    messages = [];
    packetIds = [];
    bytes = 0;
  }

  function stop(): void {
    isOpen = false;
    empty();
  }

  function flush(): void {
    const batch = { messages, packetIds };
    empty();
    if (batch.messages.length === 0) return;
    try {
      receiver.onBatch(batch.messages);
    } catch (fault) {
      stop();
      refuse(fault);
      return;
    }
    if (isOpen) acknowledge(batch.packetIds);
  }

  return {
    add: (message, packetId) => {
      if (!isOpen) return;
      messages.push(message);
      if (packetId !== null) packetIds.push(packetId);
      bytes += message.payload.length;
      if (messages.length >= rowsMax || bytes >= bytesMax) flush();
      else timer ??= gathers ? clock.schedule(delayMs, flush) : afterThisTurn(flush);
    },
    flush,
    hurry: () => {
      gathers = false;
      flush();
    },
    stop,
  };
}

function afterThisTurn(task: () => void): Disposable {
  const immediate = setImmediate(task);
  return { [Symbol.dispose]: () => clearImmediate(immediate) };
}
