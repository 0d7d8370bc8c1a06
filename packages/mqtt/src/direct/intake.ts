import type { Socket } from "node:net";
import type { Clock } from "@weir/clock";
import type { Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";
import { createPace } from "../pace.ts";
import type { Receiver } from "../receiver.ts";
import { isViolation } from "../violation.ts";
import { createBatch } from "./batch.ts";
import { createControlParser } from "./control.ts";
import { createPackets } from "./packets.ts";
import { createReading, type Next, type Reading } from "./reading.ts";

/** The way of messages from the socket to their owner, and of PUBACKs back. */
export interface Intake {
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
