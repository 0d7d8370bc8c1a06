/**
 * The result of decoding a payload. The codes are in every stored row: never change one.
 *
 * - `reading`: one value and the time at which it was observed.
 * - `flagged`: stored, with something to check. Its time could not be used and was replaced by that of its
 *   reception; its zone was assumed; its place in a sequence could not be recorded; its topic is one of too many
 *   new ones; or the MQTT standard forbids it, and a broker forwarded it all the same.
 * - `message`: valid, without a single reading: a document, a text, bytes, or a retained message.
 * - `deletion`: an empty message, which deletes the retained message at the broker.
 * - `rejected`: no value. The payload is stored all the same, and the reason says why.
 */
export const OUTCOMES = [
  { code: 0, kind: "reading", reason: "" },
  { code: 1, kind: "flagged", reason: "time missing or unreadable" },
  { code: 2, kind: "flagged", reason: "time in the future" },
  { code: 3, kind: "flagged", reason: "publisher, epoch or seq unusable" },
  { code: 4, kind: "flagged", reason: "beyond the ledger's limits" },
  { code: 5, kind: "flagged", reason: "the filter failed" },
  { code: 7, kind: "flagged", reason: "time before 2001: a clock that was never set" },
  { code: 8, kind: "flagged", reason: "time without a zone" },
  { code: 9, kind: "flagged", reason: "NaN or infinity in JSON" },
  { code: 6, kind: "message", reason: "retained" },
  { code: 50, kind: "flagged", reason: "the topic names another device than the publisher" },
  { code: 51, kind: "flagged", reason: "too many new topics" },
  { code: 54, kind: "flagged", reason: "topic not allowed by MQTT: stored escaped" },
  { code: 55, kind: "flagged", reason: "packet not allowed by MQTT" },
  { code: 20, kind: "message", reason: "JSON without a single reading" },
  { code: 21, kind: "message", reason: "text" },
  { code: 22, kind: "message", reason: "bytes" },
  { code: 23, kind: "message", reason: "Avro without a single reading" },
  { code: 40, kind: "deletion", reason: "empty message" },
  // In rows of earlier versions only.
  { code: 10, kind: "rejected", reason: "empty payload" },
  { code: 11, kind: "rejected", reason: "payload too large" },
  { code: 12, kind: "rejected", reason: "not UTF-8" },
  { code: 13, kind: "rejected", reason: "not JSON" },
  { code: 14, kind: "rejected", reason: "not a JSON object" },
  { code: 15, kind: "rejected", reason: "number missing" },
  { code: 16, kind: "rejected", reason: "number unreadable" },
  { code: 17, kind: "rejected", reason: "number out of range" },
  { code: 18, kind: "rejected", reason: "not a number" },
  { code: 30, kind: "rejected", reason: "Avro framing missing" },
  { code: 31, kind: "rejected", reason: "Avro schema unknown" },
  { code: 32, kind: "rejected", reason: "not readable by its Avro schema" },
  { code: 33, kind: "rejected", reason: "Avro beyond limits" },
] as const;

export type Outcome = (typeof OUTCOMES)[number];
export type OutcomeReason = Outcome["reason"];

const byReason = new Map<string, Outcome>(OUTCOMES.map((outcome) => [outcome.reason, outcome]));

/** The outcome with this reason; the empty reason is a valid reading. */
export function outcomeOf(reason: OutcomeReason): Outcome {
  const outcome = byReason.get(reason);
  if (outcome === undefined) throw new TypeError(`unknown outcome ${JSON.stringify(reason)}`);
  return outcome;
}
