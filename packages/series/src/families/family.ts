import type { Memory } from "../reading/memory.ts";
import type { Message } from "../reading/message.ts";
import type { Reading } from "../reading/reading.ts";

/** How the payloads of one kind of device are read, where `auto` would read them wrong. */
export interface Family {
  /** As `weir explain` and docs/reference/payloads.md name it. */
  name: string;
  /** Whether messages of this topic may be of this family. The answer depends on the topic alone. */
  matches: (topic: string) => boolean;
  /**
   * Reads a message.
   *
   * @returns false when the payload is not of this family; then nothing was added, and the next family looks at it.
   */
  read: (message: Message, reading: Reading, memory: Memory) => boolean;
  /** Whether its series may have topics that their messages do not have. */
  hasOwnTopics?: true;
  /** Whether messages of this topic change how those of other topics are read. */
  concernsOthers?: (topic: string) => boolean;
  /** Whether messages of this topic describe many devices at once: they may be larger than a reading. */
  isAnnouncement?: (topic: string) => boolean;
  /** Takes back what the last message of this topic said. An empty message removes a retained one. */
  readEmpty?: (message: Message, reading: Reading, memory: Memory) => void;
}
