import type { Duplex } from "node:stream";
import type { ReceivedMessage, Receiver } from "../connection.ts";

/** Gathers what one read brought, and acknowledges it once it was taken. */
export interface Batch {
  /** Adds a message; 0 is the packet id of QoS 0. A full batch is handed on before this returns. */
  add(message: ReceivedMessage, packetId: number): void;
  /** Adds the acknowledgement of a message that is not handed on. */
  acknowledge(packetId: number): void;
  /** Adds a message of QoS 2, or `null` for one that is not handed on; with 0 it gets no answer. */
  receive(message: ReceivedMessage | null, packetId: number): void;
  /** Ends the exchange of a message of QoS 2. */
  release(packetId: number): void;
  /** Hands on what there is, and then sends its PUBACKs in one write, and what QoS 2 asks for. */
  flush(): void;
  /** How many messages were handed on and acknowledged since this was last asked. */
  count(): { messages: number; acknowledged: number };
  /** Takes no more, and acknowledges nothing that was not. */
  close(): void;
  /** Whether PUBACKs wait for the network. */
  isBlocked(): boolean;
}

export interface BatchOptions {
  receiver: Pick<Receiver, "onBatch" | "batch">;
  /** Where the acknowledgements go. */
  socket: () => Duplex;
  refuse: (fault: unknown) => void;
  onDrained: () => void;
}

/** The client's receive window has no more. */
const PUBACKS_MAX = 65_535;
const PUBACK_BYTES = 4;
const NONE: readonly number[] = Object.freeze([]);

/** Packet ids of QoS 2 that wait for an answer. */
interface Exchanges {
  /** Get PUBREC: the message is taken. */
  received: number[];
  /** Get PUBCOMP: nothing is known of it any more. */
  released: number[];
}

/**
 * @param refuse gets what a batch was refused with. This has closed by then.
 * @param onDrained called when nothing waits for the network any more.
 */
export function createBatch(options: BatchOptions): Batch {
  const { receiver, socket, refuse, onDrained } = options;
  const { rowsMax, bytesMax } = receiver.batch;
  const pubacksMax = Math.min(Math.max(rowsMax, 1), PUBACKS_MAX);
  let messages: ReceivedMessage[] = [];
  let bytes = 0;
  let pubacks = newPubacks(pubacksMax);
  let pubackCount = 0;
  /** `null` while there is no message of QoS 2, as nearly always. */
  let exchanges: Exchanges | null = null;
  /** Whether the network still reads from a buffer of PUBACKs. */
  let isBlocked = false;
  let isOpen = true;
  let counts = { messages: 0, acknowledged: 0 };

  function flush(): void {
    // Taken out first: whoever takes the batch may end the connection, which flushes, too.
    const batch = messages;
    const acknowledged = pubackCount;
    const exchanged = exchanges;
    messages = [];
    bytes = 0;
    pubackCount = 0;
    exchanges = null;
    if (!isOpen || !hand(batch, exchanged?.released ?? NONE)) return;
    if (acknowledged > 0) send(acknowledged);
    if (exchanged !== null) answer(exchanged);
    counts.messages += batch.length;
    counts.acknowledged += acknowledged;
  }

  /** Whether it was taken. */
  function hand(batch: readonly ReceivedMessage[], released: readonly number[]): boolean {
    if (batch.length === 0 && released.length === 0) return true;
    try {
      receiver.onBatch(batch, released);
      return true;
    } catch (fault) {
      isOpen = false;
      refuse(fault);
      return false;
    }
  }

  function send(count: number): void {
    const to = socket();
    if (!to.writable) return;
    to.write(pubacks.subarray(0, PUBACK_BYTES * count), written);
    if (to.writableLength === 0) return;
    // The buffer is in use until the network has it.
    isBlocked = true;
    pubacks = newPubacks(pubacksMax);
  }

  function answer({ received, released }: Exchanges): void {
    const to = socket();
    if (to.writable) {
      to.write(Buffer.concat([answers(PUBREC, received), answers(PUBCOMP, released)]));
    }
  }

  function written(): void {
    if (!isBlocked || socket().writableLength > 0) return;
    isBlocked = false;
    onDrained();
  }

  function acknowledge(packetId: number): void {
    if (!isOpen) return;
    const at = PUBACK_BYTES * pubackCount;
    pubacks[at + 2] = packetId >> 8;
    pubacks[at + 3] = packetId & 0xff;
    pubackCount += 1;
    if (pubackCount === pubacksMax) flush();
  }

  function add(message: ReceivedMessage, packetId: number): void {
    if (!isOpen) return;
    messages.push(message);
    bytes += message.payload.length;
    if (packetId !== 0) acknowledge(packetId);
    if (messages.length >= rowsMax || bytes >= bytesMax) flush();
  }

  function inExchange(): Exchanges {
    exchanges ??= { received: [], released: [] };
    return exchanges;
  }

  return {
    add,
    acknowledge,
    receive: (message, packetId) => {
      if (!isOpen) return;
      if (packetId !== 0) inExchange().received.push(packetId);
      if (message !== null) add(message, 0);
    },
    release: (packetId) => {
      if (!isOpen) return;
      // What is released counts before the messages of its batch.
      if (exchanges?.received.includes(packetId)) flush();
      inExchange().released.push(packetId);
    },
    flush,
    close: () => {
      isOpen = false;
    },
    count: () => {
      const counted = counts;
      counts = { messages: 0, acknowledged: 0 };
      return counted;
    },
    isBlocked: () => isBlocked,
  };
}

const PUBREC = 0x50;
const PUBCOMP = 0x70;

/** Without a reason code they mean success in MQTT 5, too [MQTT-3.5.2.1] [MQTT-3.7.2.1]. */
function answers(first: number, packetIds: readonly number[]): Buffer {
  return Buffer.from(packetIds.flatMap((packetId) => [first, 2, packetId >> 8, packetId & 0xff]));
}

/** PUBACKs but for their packet ids; without a reason code they mean success in MQTT 5, too [MQTT-3.4.2.1]. */
function newPubacks(count: number): Buffer {
  return Buffer.alloc(PUBACK_BYTES * count, Buffer.from([0x40, 0x02, 0, 0]));
}
