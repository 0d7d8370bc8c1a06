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
