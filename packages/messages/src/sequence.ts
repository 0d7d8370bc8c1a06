import { z } from "zod";
import { isName } from "./names.ts";

const name = z.string().refine(isName);

/**
 * What an outbox adds to a payload: who sent it, in which opening of the outbox, as which message on
 * this topic. `(publisher, epoch, topic, seq)` names one message and never another one.
 */
const sequenceFields = z.object({
  publisher: name,
  epoch: name,
  seq: z.int().positive(),
});

export type Sequence = z.infer<typeof sequenceFields>;

/** What a payload says of its place in a sequence. */
export type ParsedSequence =
  | { kind: "none" }
  | { kind: "sound"; sequence: Sequence }
  /** It claims a place, but not one that can be kept account of. */
  | { kind: "unusable" };

const FIELDS = ["publisher", "epoch", "seq"];

/** Reads the sequence out of a parsed payload. A payload with a `seq` and nothing else of it claims none. */
export function parseSequence(json: object): ParsedSequence {
  if (!FIELDS.every((field) => Object.hasOwn(json, field))) return { kind: "none" };
  const parsed = sequenceFields.safeParse(json);
  return parsed.success ? { kind: "sound", sequence: parsed.data } : { kind: "unusable" };
}
