import { TOPIC_BYTES_MAX } from "./limits.ts";

/** Says what keeps a text from being a concrete topic, in words for a user; `null` when it is one. */
export function topicProblem(topic: string): string | null {
  if (topic === "") return "a topic needs at least one character";
  if (/[+#]/.test(topic)) return "a topic has no wildcards (+ and #): name one topic";
  if (topic.includes("\0")) return "a topic has no NUL character";
  if (topic.startsWith("$")) return "topics that begin with $ belong to the broker";
  if (Buffer.byteLength(topic) > TOPIC_BYTES_MAX)
    return `a topic has at most ${TOPIC_BYTES_MAX} bytes`;
  return null;
}

/** The topics that a service reads and writes, by their names in the topic table of docs/architecture.md. */
export interface Flow {
  subscribes: readonly string[];
  publishes: readonly string[];
}
