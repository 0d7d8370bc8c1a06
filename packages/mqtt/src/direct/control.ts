import { errorMessage } from "@weir/fault";
import { type Packet, parser } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";
import { nameOf, violation } from "../violation.ts";
import { byteAt } from "./bytes.ts";

/** Parses packets that are not PUBLISH, each from the bytes of exactly one. */
export type ParseControl = (frame: Buffer) => Packet;

const ANSWERS: ReadonlySet<string> = new Set(["puback", "suback", "unsuback"]);

/** These come seldom, so mqtt-packet parses them. @throws Violation when one is broken. */
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
      throw broken(frame, errorMessage(error));
    }
    return whole(frame, parsed, wrong);
  };
}

function whole(frame: Buffer, parsed: Packet | null, wrong: Error | null): Packet {
  if (wrong !== null) throw broken(frame, wrong.message);
  if (parsed === null || !hasPacketId(parsed)) throw broken(frame, "it ends too early");
  return parsed;
}

function broken(frame: Buffer, words: string): Error {
  const name = nameOf(byteAt(frame, 0));
  return violation("malformed", `${name} of ${frame.length} bytes: ${words}`);
}

/** Whether a packet that answers something says what; mqtt-packet reads a missing packet id as -1. */
function hasPacketId({ cmd, messageId = 0 }: Packet): boolean {
  return messageId > 0 || !ANSWERS.has(cmd);
}
