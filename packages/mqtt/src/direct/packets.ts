import type { Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";
import type { DroppedMessage } from "../message.ts";
import type { Batch } from "./batch.ts";
import { createControlParser } from "./control.ts";
import { createPublishParser } from "./publish-parser.ts";
import { createScanner, type Scanner } from "./scanner.ts";

/** Parses the packets that a scanner finds: messages go into the batch. */
export function createPackets(options: {
  protocolVersion: ProtocolVersion;
  batch: Pick<Batch, "add" | "acknowledge">;
  onDropped: (dropped: DroppedMessage) => void;
  onControl: (packet: Packet) => void;
}): Scanner {
  const { protocolVersion, batch, onDropped, onControl } = options;
  const parser = createPublishParser(protocolVersion);
  const parseControl = createControlParser(protocolVersion);
  /** The message that is too large and passes by. */
  let passing: (DroppedMessage & { packetId: number }) | null = null;

  return createScanner({
    publish: (flags, bytes, start, end) => {
      const message = parser.parse(flags, bytes, start, end);
      batch.add(message, parser.packetId);
    },
    oversized: (flags, bytes, { start, end, packetBytes }) => {
      if (!parser.parseHead(flags, bytes, start, end)) return false;
      passing = { topic: parser.topic, bytes: packetBytes, packetId: parser.packetId };
      return true;
    },
    passed: () => {
      if (passing === null) return;
      const { topic, bytes, packetId } = passing;
      passing = null;
      onDropped({ topic, bytes });
      if (packetId !== 0) batch.acknowledge(packetId);
    },
    control: (frame) => onControl(parseControl(frame)),
  });
}
