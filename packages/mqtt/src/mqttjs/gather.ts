import type { Clock } from "@weir/clock";
import { type Batch, type BatchOptions, createBatch } from "../direct/batch.ts";
import type { ReceivedMessage } from "../message.ts";
import { createPace } from "../pace.ts";
import type { Receiver } from "../receiver.ts";
import { createTicks } from "../ticks.ts";

/** Gathers the messages of one connection into batches, and acknowledges them. */
export interface Gathering extends Pick<Batch, "add" | "acknowledge" | "receive" | "release"> {
  /** Hands on what there is, and from now on each message in the turn in which it comes. */
  hurry(): void;
  /** Hands on what there is, and takes no more. */
  finish(): void;
  /** Forgets what there is, and takes no more: the broker sends it again. */
  stop(): void;
}

/** @param isAllowed whether messages may wait longer than the turn of the event loop that brought them. */
export function createGathering(
  options: Omit<BatchOptions, "onDrained"> & {
    receiver: Pick<Receiver, "commits">;
    isAllowed: boolean;
    clock: Clock;
  },
): Gathering {
  const { receiver, clock } = options;
  const { delayMs } = receiver.batch;
  // MQTT.js reads on by itself, so nothing waits for PUBACKs that the network has not taken.
  const batch = createBatch({ ...options, onDrained: () => {} });
  const pace = createPace({ allowed: options.isAllowed, delayMs, clock });
  const ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
  let isHurrying = false;
  let timer: Disposable | null = null;

  function forgetTimer(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  function flush(): void {
    forgetTimer();
    batch.flush();
    const { messages, acknowledged } = batch.count();
    if (messages > 0) pace.took(acknowledged);
  }

  function stop(): void {
    forgetTimer();
    batch.close();
  }

  function later(): void {
    timer ??=
      isHurrying || !pace.gathers()
        ? afterThisTurn(flush)
        : clock.schedule(ticks.untilNextMs(), flush);
  }

  function came({ topic, payload }: ReceivedMessage): void {
    ticks.came(topic.length + payload.length);
  }

  return {
    add: (message, packetId) => {
      came(message);
      batch.add(message, packetId);
      later();
    },
    acknowledge: (packetId) => {
      batch.acknowledge(packetId);
      later();
    },
    receive: (message, packetId) => {
      if (message !== null) came(message);
      batch.receive(message, packetId);
      later();
    },
    release: (packetId) => {
      batch.release(packetId);
      later();
    },
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
