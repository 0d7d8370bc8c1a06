import type { Socket } from "node:net";
import type { ReceivedMessage } from "../message.ts";
import type { Receiver } from "../receiver.ts";

/** Gathers what one read brought, and acknowledges it once it was taken. */
export interface Batch {
  /** Adds a message; 0 is the packet id of QoS 0. A full batch is handed on before this returns. */
  add(message: ReceivedMessage, packetId: number): void;
  /** Adds the acknowledgement of a message that is not handed on. */
  acknowledge(packetId: number): void;
  /** Hands on what there is, and then sends its PUBACKs in one write. */
  flush(): void;
  /** How many messages were handed on and acknowledged since this was last asked. */
  count(): { messages: number; acknowledged: number };
  /** Takes no more, and acknowledges nothing that was not. */
  close(): void;
  /** Whether PUBACKs wait for the network. */
  isBlocked(): boolean;
}

/** The client's receive window has no more. */
const PUBACKS_MAX = 65_535;
const PUBACK_BYTES = 4;

/**
 * @param refuse gets what a batch was refused with. This has closed by then.
 * @param onDrained called when nothing waits for the network any more.
 */
export function createBatch(options: {
  receiver: Pick<Receiver, "onBatch" | "batch">;
  socket: () => Socket;
  refuse: (fault: unknown) => void;
  onDrained: () => void;
}): Batch {
  const { receiver, socket, refuse, onDrained } = options;
  const { rowsMax, bytesMax } = receiver.batch;
  const pubacksMax = Math.min(Math.max(rowsMax, 1), PUBACKS_MAX);
  let messages: ReceivedMessage[] = [];
  let bytes = 0;
  let pubacks = newPubacks(pubacksMax);
  let pubackCount = 0;
  /** Whether the network still reads from a buffer of PUBACKs. */
  let isBlocked = false;
  let isOpen = true;
  let counts = { messages: 0, acknowledged: 0 };

  function flush(): void {
    // Taken out first: whoever takes the batch may end the connection, which flushes, too.
    const batch = messages;
    const acknowledged = pubackCount;
    messages = [];
    bytes = 0;
    pubackCount = 0;
    if (!isOpen || !hand(batch)) return;
    if (acknowledged > 0) send(acknowledged);
    counts.messages += batch.length;
    counts.acknowledged += acknowledged;
  }

  /** Whether it was taken. */
  function hand(batch: readonly ReceivedMessage[]): boolean {
    if (batch.length === 0) return true;
    try {
      receiver.onBatch(batch);
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

  return {
    add: (message, packetId) => {
      if (!isOpen) return;
      messages.push(message);
      bytes += message.payload.length;
      if (packetId !== 0) acknowledge(packetId);
      if (messages.length >= rowsMax || bytes >= bytesMax) flush();
    },
    acknowledge,
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

/** PUBACKs but for their packet ids; without a reason code they mean success in MQTT 5, too [MQTT-3.4.2.1]. */
function newPubacks(count: number): Buffer {
  return Buffer.alloc(PUBACK_BYTES * count, Buffer.from([0x40, 0x02, 0, 0]));
}
