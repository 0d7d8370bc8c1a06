import { isUtf8 } from "node:buffer";
import { isTopicName } from "../topic-name.ts";
import { byteAt } from "./bytes.ts";

/** Remembers the text of topics by their bytes. */
export interface TopicCache {
  /** The topic from `start` to `end`; `null` when it is none. */
  textOf(bytes: Buffer, start: number, end: number): string | null;
}

interface Entry {
  bytes: Buffer;
  topic: string;
}

/** Sets of two entries each. With 1,000 topics that take turns nearly all are found. */
const SETS = 4_096;
/** Longer topics are decoded each time. */
const CACHED_BYTES_MAX = 128;

/**
 * Decoding a topic and checking it [MQTT-1.5.4-1] costs more than all else that is done for a message.
 * A stream has few topics, so the bytes are looked up first. Bounded: a topic that is new takes the
 * place of the one in its set that was found longest ago.
 */
export function createTopicCache(): TopicCache {
  const newer: (Entry | undefined)[] = new Array(SETS).fill(undefined);
  const older: (Entry | undefined)[] = new Array(SETS).fill(undefined);

  function remember(set: number, entry: Entry): string {
    older[set] = newer[set];
    newer[set] = entry;
    return entry.topic;
  }

  return {
    textOf: (bytes, start, end) => {
      if (end - start > CACHED_BYTES_MAX) return decode(bytes, start, end);
      const set = hash(bytes, start, end) % SETS;
      const first = newer[set];
      if (first !== undefined && isSame(first.bytes, bytes, start, end)) return first.topic;
      const second = older[set];
      if (second !== undefined && isSame(second.bytes, bytes, start, end)) {
        return remember(set, second);
      }
      const topic = decode(bytes, start, end);
      if (topic === null) return null;
      // A copy: the receive buffer is overwritten.
      return remember(set, { bytes: Buffer.from(bytes.subarray(start, end)), topic });
    },
  };
}

function decode(bytes: Buffer, start: number, end: number): string | null {
  if (!isUtf8(bytes.subarray(start, end))) return null;
  const topic = bytes.toString("utf8", start, end);
  return isTopicName(topic) ? topic : null;
}

function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at += 1) {
    value = Math.imul(value ^ byteAt(bytes, at), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
}

// Four parameters: an object for each look-up would cost more than the look-up.
function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at += 1) {
    if (byteAt(known, at) !== byteAt(bytes, start + at)) return false;
  }
  return true;
}
