import { randomBytes } from "node:crypto";
import type { Load } from "./load.ts";
import { createMessages, type Messages } from "./messages.ts";

/** The messages of a load from a publisher that has just opened a new outbox. */
export function messagesOf({ qos, topics }: Load, version: 4 | 5): Messages {
  return createMessages({
    version,
    qos,
    topics,
    publisher: "bench",
    epoch: randomBytes(16).toString("hex"),
    epochSeconds: Math.floor(Date.now() / 1_000),
  });
}
