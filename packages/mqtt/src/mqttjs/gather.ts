import type { Clock } from "@weir/clock";
import type { ReceivedMessage } from "../message.ts";
import { createPace } from "../pace.ts";
import type { Receiver } from "../receiver.ts";
import { createTicks } from "../ticks.ts";

/** Gathers the messages of one connection into batches. */
export interface Gathering {
  /** Adds a message, with its packet id if it wants a PUBACK; a full batch is handed on before this returns. */
  add(message: ReceivedMessage, packetId: number | null): void;
  /** Hands on what there is, now. */
  flush(): void;
  /** Hands on what there is, and from now on each message in the turn in which it comes. */
  hurry(): void;
  /** Hands on what there is, and takes no more. */
  finish(): void;
  /** Forgets what there is, and takes no more: the broker sends it again. */
  stop(): void;
}

/**
 * @param isAllowed whether messages may wait longer than the turn of the event loop that brought them.
 * @param acknowledge gets the packet ids of a batch that was taken.
 * @param refuse gets what a batch was refused with. The gathering has stopped by then.
 */
export function createGathering(options: {
  receiver: Pick<Receiver, "onBatch" | "batch" | "commits">;
  isAllowed: boolean;
  clock: Clock;
  acknowledge: (packetIds: readonly number[]) => void;
  refuse: (fault: unknown) => void;
}): Gathering {
  const { receiver, clock, acknowledge, refuse } = options;
  const { rowsMax, bytesMax, delayMs } = receiver.batch;
  const pace = createPace({ allowed: options.isAllowed, delayMs, clock });
  const ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
  let isHurrying = false;
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
    pace.took(batch.packetIds.length);
  }

  function wait(): Disposable {
    if (isHurrying || !pace.gathers()) return afterThisTurn(flush);
    return clock.schedule(ticks.untilNextMs(), flush);
  }

  return {
    add: (message, packetId) => {
      if (!isOpen) return;
      messages.push(message);
      if (packetId !== null) packetIds.push(packetId);
      bytes += message.payload.length;
      ticks.came(message.topic.length + message.payload.length);
      if (messages.length >= rowsMax || bytes >= bytesMax) flush();
      else timer ??= wait();
    },
    flush,
    hurry: () => {
      isHurrying = true;
      flush();
    },
    finish: () => {
      flush();
      stop();
    },
    stop,
  };
}

function afterThisTurn(task: () => void): Disposable {
  const immediate = setImmediate(task);
  return { [Symbol.dispose]: () => clearImmediate(immediate) };
}
