import type { ProtocolVersion } from "../connection.ts";
import type { DroppedMessage, ReceivedMessage } from "../message.ts";
import type { Receiver } from "../receiver.ts";
import { isViolation, nameOf, violation } from "../violation.ts";
import type { Batch } from "./batch.ts";
import { byteAt, uint16At } from "./bytes.ts";
import { createPublishParser, readableTopic } from "./publish-parser.ts";
import { createScanner, type Scanner } from "./scanner.ts";

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
