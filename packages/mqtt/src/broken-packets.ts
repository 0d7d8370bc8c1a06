import { createHash } from "node:crypto";

/**
 * Remembers the packets over which connections ended. A packet whose lengths contradict each other may
 * mean that the stream of bytes is out of step, so the connection ends. The same packet at the next
 * connection is one that the broker keeps, and ending that one, too, would go on for ever.
 */
export interface BrokenPackets {
  /** Notes a packet; whether it has been noted before. */
  cameBefore(packet: Buffer): boolean;
}

const REMEMBERED_MAX = 64;

export function createBrokenPackets(): BrokenPackets {
  const digests = new Set<string>();
  return {
    cameBefore: (packet) => {
      const digest = createHash("sha256").update(packet).digest("base64");
      if (digests.has(digest)) return true;
      const [oldest] = digests;
      if (oldest !== undefined && digests.size >= REMEMBERED_MAX) digests.delete(oldest);
      digests.add(digest);
      return false;
    },
  };
}
