/** How many topics are remembered; then all are forgotten. */
const KNOWN_MAX = 20_000;

/** Reads a topic; `null` is one that does not matter. */
export type TopicOf = (bytes: Uint8Array) => string | null;

/**
 * @param isWanted which topics matter.
 * @returns reads a topic, and `null` for one that does not matter. Every row group has its topics again, so they are
 * remembered by their bytes: that is faster than judging them.
 */
export function createTopicOf(isWanted: (topic: string) => boolean): TopicOf {
  const known = new Map<string, string | null>();
  return ({ buffer, byteOffset, length }) => {
    const bytes = Buffer.from(buffer, byteOffset, length);
    const key = bytes.toString("latin1");
    let topic = known.get(key);
    if (topic === undefined) {
      const text = bytes.toString();
      topic = isWanted(text) ? text : null;
      if (known.size >= KNOWN_MAX) known.clear();
      known.set(key, topic);
    }
    return topic;
  };
}
