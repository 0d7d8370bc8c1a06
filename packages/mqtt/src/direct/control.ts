import { errorMessage } from "@weir/fault";
import { type Packet, parser } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";
import { violation } from "../violation.ts";

/** Parses packets that are not PUBLISH, each from the bytes of exactly one. */
export type ParseControl = (frame: Buffer) => Packet;

const ANSWERS: ReadonlySet<string> = new Set(["puback", "suback", "unsuback"]);

/** These come seldom, so mqtt-packet parses them. @throws Violation when one is not sound. */
export function createControlParser(protocolVersion: ProtocolVersion): ParseControl {
  const parsing = parser({ protocolVersion });
  let parsed: Packet | null = null;
  let wrong: Error | null = null;
  parsing.on("packet", (packet: Packet) => {
    parsed = packet;
  });
  parsing.on("error", (error: Error) => {
    wrong = error;
  });

  return (frame) => {
    parsed = null;
    wrong = null;
    try {
      // It keeps what it is given.
      parsing.parse(Buffer.from(frame));
    } catch (error) {
      throw violation("malformed", errorMessage(error));
    }
    return sound(parsed, wrong);
  };
}

function sound(parsed: Packet | null, wrong: Error | null): Packet {
  if (wrong !== null) throw violation("malformed", wrong.message);
  if (parsed === null || !hasPacketId(parsed)) {
    throw violation("malformed", "a packet that ends too early");
  }
  return parsed;
}

/** Whether a packet that answers something says what; mqtt-packet reads a missing packet id as -1. */
function hasPacketId({ cmd, messageId = 0 }: Packet): boolean {
  return messageId > 0 || !ANSWERS.has(cmd);
}
