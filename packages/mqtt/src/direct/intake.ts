import type { Socket } from "node:net";
import type { Clock } from "@weir/runtime";
import type { Packet } from "mqtt-packet";
import {
  type DroppedMessage,
  PACKET_BYTES_MAX,
  type ProtocolVersion,
  type ReceivedMessage,
  type Receiver,
} from "../connection.ts";
import { createPace, createTicks } from "../pace.ts";
import { isViolation, nameOf, violation } from "../violation.ts";
import { type Batch, createBatch } from "./batch.ts";
import { createPublishParser, readableTopic } from "./publish-parser.ts";
import { createControlParser } from "./requests.ts";
import { byteAt, createScanner, type Scanner, uint16At } from "./scanner.ts";

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
