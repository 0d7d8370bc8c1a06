import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "@weir/runtime";
import type { Packet } from "mqtt-packet";
import { isViolation, nameOf, violation } from "../packets/errors.ts";
import { byteAt, createScanner, type Scanner, uint16At } from "../packets/packet-parser.ts";
import { createPublishParser, readableTopic } from "../packets/publish-parser.ts";
import {
  type DroppedMessage,
  PACKET_BYTES_MAX,
  type ProtocolVersion,
  type ReceivedMessage,
  type Receiver,
} from "./connection.ts";
import { createPace, createTicks } from "./pace.ts";
import { createControlParser } from "./requests.ts";

/** The way of messages from the socket to their owner, and of PUBACKs back. */
interface Intake {
  onread: Reading["onread"];
  /** From now on nothing is gathered. */
  hurry(): void;
  /** Hands on what is there, and takes no more: what is read now is thrown away. */
  stop(): void;
}

/**
 * @param onControl gets the packets that are no messages.
 * @param onRefused gets what a batch was refused with; this has stopped by then.
 */
export function createIntake(options: {
  protocolVersion: ProtocolVersion;
  receiver: Receiver;
  clock: Clock;
  socket: () => Socket;
  onControl: (packet: Packet) => void;
  onViolation: (reason: Error) => void;
  onRefused: (fault: unknown) => void;
}): Intake {
  const { protocolVersion, receiver, clock, socket, onControl, onViolation, onRefused } = options;
  const { commits } = receiver;
  const { delayMs } = receiver.batch;
  const pace = createPace({ allowed: protocolVersion === 5, delayMs, clock });
  const batch = createBatch({
    receiver,
    socket,
    refuse: onRefused,
    onDrained: () => reading.resume(),
  });
  const parseControl = createControlParser(protocolVersion);
  const packets = createPackets({
    protocolVersion,
    batch,
    receiver,
    onControl: (frame) => onControl(parseControl(frame)),
  });
  const reading = createReading({ socket, take, next, tickMs: delayMs, commits, clock });
  let isOpen = true;
  let gathers = true;

  function take(bytes: Buffer, end: number): number {
    if (!isOpen) return end;
    let used = end;
    let wrong: Error | null = null;
    try {
      used = packets.scan(bytes, end);
    } catch (error) {
      if (!(error instanceof Error && isViolation(error))) throw error;
      wrong = error;
    }
    // What came before a violation is whole. And the buffer is used again.
    batch.flush();
    if (wrong !== null) onViolation(wrong);
    return used;
  }

  function next(): Next {
    const { messages, acknowledged } = batch.count();
    if (messages > 0) pace.took(acknowledged);
    if (batch.isBlocked()) return "wait";
    return messages > 0 && gathers && pace.gathers() ? "tick" : "on";
  }

  return {
    onread: reading.onread,
    hurry: () => {
      gathers = false;
      reading.resume();
    },
    stop: () => {
      if (!isOpen) return;
      isOpen = false;
      batch.flush();
      batch.close();
      reading.stop();
    },
  };
}

const QOS_2 = 0x04;
const CONNACK = 2;
const PUBREL = 6;

/**
 * Parses the packets that a scanner finds, as far as they are about messages: these go into the batch.
 *
 * @param onControl gets the other packets, each whole. Its bytes are valid only during the call.
 */
export function createPackets(options: {
  protocolVersion: ProtocolVersion;
  batch: Pick<Batch, "add" | "acknowledge" | "receive" | "release">;
  receiver: Pick<Receiver, "onDropped" | "onNewSession" | "brokenPackets">;
  onControl: (frame: Buffer) => void;
}): Scanner {
  const { protocolVersion, batch, receiver, onControl } = options;
  const parser = createPublishParser(protocolVersion);
  /** The message that is too large and passes by. */
  let passing:
    | (Pick<DroppedMessage, "topic" | "bytes"> & { flags: number; packetId: number })
    | null = null;

  /** Parses a message; `null` when it is broken, and has ended a connection before. */
  function parse(flags: number, bytes: Buffer, start: number, end: number): ReceivedMessage | null {
    try {
      return parser.parse(flags, bytes, start, end);
    } catch (error) {
      if (!(error instanceof Error && isViolation(error))) throw error;
      if (!receiver.brokenPackets.cameBefore(bytes.subarray(start, end))) throw error;
      const topic = readableTopic(bytes, start, end);
      receiver.onDropped({ reason: "unreadable", topic, bytes: end - start });
      return null;
    }
  }

  function release(frame: Buffer): void {
    const at = bodyOf(frame);
    if (at + 2 > frame.length) {
      throw violation("malformed", `${nameOf(byteAt(frame, 0))} without a packet id`);
    }
    const packetId = uint16At(frame, at);
    if (packetId !== 0) batch.release(packetId);
  }

  /** Whether CONNACK says that there is a session, and that it is new. */
  function beginsSession(frame: Buffer): boolean {
    const at = bodyOf(frame);
    if (at + 2 > frame.length) return false;
    return byteAt(frame, at + 1) === 0 && (byteAt(frame, at) & 1) === 0;
  }

  return createScanner({
    publish: (flags, bytes, start, end) => {
      const message = parse(flags, bytes, start, end);
      if (message === null) return;
      if ((flags & QOS_2) === 0) batch.add(message, parser.packetId);
      else batch.receive(message, parser.packetId);
    },
    oversized: (flags, bytes, { start, end, packetBytes }) => {
      if (!parser.parseHead(flags, bytes, start, end)) return false;
      passing = { topic: parser.topic, bytes: packetBytes, flags, packetId: parser.packetId };
      return true;
    },
    passed: () => {
      if (passing === null) return;
      const { topic, bytes, flags, packetId } = passing;
      passing = null;
      receiver.onDropped({ reason: "too large", topic, bytes });
      if ((flags & QOS_2) !== 0) batch.receive(null, packetId);
      else if (packetId !== 0) batch.acknowledge(packetId);
    },
    control: (frame) => {
      const type = byteAt(frame, 0) >> 4;
      if (type === PUBREL) {
        release(frame);
        return;
      }
      if (type === CONNACK && beginsSession(frame)) receiver.onNewSession();
      onControl(frame);
    },
  });
}

/** Where a packet goes on behind its length. */
function bodyOf(frame: Buffer): number {
  let at = 1;
  while (at < frame.length && byteAt(frame, at) >= 0x80) at += 1;
  return at + 1;
}

/** What one read takes at most. */
const READ_BYTES_MAX = 262_144;
/**
 * So long one read may follow the other without anybody else having a turn. Node reads up to 32 times
 * in a row: 8 MiB of what is slow to store, such as topics that are all new, took 4 s.
 */
const SLICE_MS = 25;

/** Reads a socket, not as soon as there is something, but as often as its owner wants. */
export interface Reading {
  /** For `connect` of node:net. */
  onread: { buffer: () => Buffer; callback: (bytesRead: number) => boolean };
  /** Reads on at once, if it waits. */
  resume(): void;
  /** Forgets its timer. */
  stop(): void;
}

/** What to do after a read: go on at once, wait for the next tick, or wait for `resume`. */
type Next = "on" | "tick" | "wait";

/**
 * Messages gather in the socket while nobody reads it: that costs nothing, and one read takes them
 * all. `pause()` would not do, because Node goes on reading for a while after it.
 *
 * @param take gets what was read and not used before; returns how many of its bytes it has used.
 * @param next asked after each read. A read that filled more than half the buffer is followed by
 *   another one at once all the same: the socket's own buffer has an end.
 */
function createReading(options: {
  socket: () => Socket;
  take: (bytes: Buffer, end: number) => number;
  next: () => Next;
  tickMs: number;
  commits: Receiver["commits"];
  clock: Clock;
}): Reading {
  const { socket, take, next, clock } = options;
  const ticks = createTicks(options);
  // What `take` leaves is less than a packet, so there is always room behind it.
  const bytes = Buffer.allocUnsafeSlow(PACKET_BYTES_MAX + READ_BYTES_MAX);
  let filled = 0;
  let timer: Disposable | null = null;
  // How long the reads have taken since somebody else had a turn.
  let sliceMs = 0;

  function stop(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  /** Lets timers and other sockets have their turn before the next read. */
  function yieldTurn(): Disposable {
    const turn = setImmediate(resume);
    return { [Symbol.dispose]: () => clearImmediate(turn) };
  }

  function resume(): void {
    stop();
    sliceMs = 0;
    socket().resume();
  }

  /** Whether to read on at once. */
  function goesOn(bytesRead: number): boolean {
    ticks.came(bytesRead);
    const wanted = next();
    if (wanted === "wait") return false;
    const isFull = bytesRead > READ_BYTES_MAX / 2;
    if (wanted === "on" || isFull) {
      if (sliceMs < SLICE_MS) return true;
      timer ??= yieldTurn();
      return false;
    }
    timer ??= clock.schedule(ticks.untilNextMs(), resume);
    return false;
  }

  return {
    onread: {
      buffer: () => bytes.subarray(filled, filled + READ_BYTES_MAX),
      callback: (bytesRead) => {
        const end = filled + bytesRead;
        const startMs = clock.monotonic();
        const used = take(bytes, end);
        sliceMs += clock.monotonic() - startMs;
        filled = end - used;
        if (used > 0 && filled > 0) bytes.copyWithin(0, used, end);
        return goesOn(bytesRead);
      },
    },
    resume,
    stop,
  };
}

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
