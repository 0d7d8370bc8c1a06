import { z } from "zod";
import { isName } from "./names.ts";

const name = z.string().refine(isName);

/**
 * What an outbox adds to a payload: who sent it, in which opening of the outbox, as which message on
 * this topic. `(publisher, epoch, topic, seq)` names one message and never another one.
 */
export const sequenceFields = z.object({
  publisher: name,
  epoch: name,
  seq: z.int().positive(),
});

export type Sequence = z.infer<typeof sequenceFields>;

/** What a payload says of its place in a sequence: `unusable` claims one that cannot be kept account of. */
export type ParsedSequence = Sequence | "none" | "unusable";

/**
 * Reads the sequence out of a parsed payload. A payload with a `seq` and nothing else of it claims
 * none. Asks what the schema asks, and is many times faster; a test holds the one to the other.
 */
export function parseSequence(record: object): ParsedSequence {
  const { publisher, epoch, seq } = record as Record<string, unknown>;
  if (publisher === undefined || epoch === undefined || seq === undefined) return "none";
  if (typeof publisher !== "string" || typeof epoch !== "string" || typeof seq !== "number") {
    return "unusable";
  }
  const isSound = Number.isSafeInteger(seq) && seq > 0 && isName(publisher) && isName(epoch);
  return isSound ? { publisher, epoch, seq } : "unusable";
}

/**
 * What a topic says of the publisher that a payload names: `own` is a topic of that device, `foreign` a
 * topic of another device. A `shared` topic names no device, so anybody may claim any name there.
 */
type Claim = "own" | "foreign" | "shared";

export type ClaimOf = (topic: string, publisher: string) => Claim;

/** @param prefixes the first levels of the topics of devices, before the device's id; `+` is any level. */
export function createClaimOf(prefixes: readonly string[]): ClaimOf {
  const levelsOfPrefixes = prefixes.map((prefix) => prefix.split("/"));
  return (topic, publisher) => {
    let claim: Claim = "shared";
    for (const levels of levelsOfPrefixes) {
      const at = endOfPrefix(topic, levels);
      if (at === -1) continue;
      const end = at + publisher.length;
      const isOwn = topic.startsWith(publisher, at) && (end === topic.length || topic[end] === "/");
      if (isOwn) return "own";
      claim = "foreign";
    }
    return claim;
  };
}

/** Where the level behind a prefix begins; -1 when the topic has another prefix. */
function endOfPrefix(topic: string, levels: readonly string[]): number {
  let at = 0;
  for (const level of levels) {
    const end = topic.indexOf("/", at);
    if (end === -1) return -1;
    const isSame = end - at === level.length && topic.startsWith(level, at);
    if (level !== "+" && !isSame) return -1;
    at = end + 1;
  }
  return at;
}
