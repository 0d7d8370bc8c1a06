import { decodeReading, type OutcomeReason, outcomeOf } from "@weir/messages";
import type { Decoder } from "./decoder.ts";

const DOCUMENT = outcomeOf("JSON without a single reading");
/** Sound JSON, though not the payload of `DATA`. */
const OTHER_JSON: ReadonlySet<OutcomeReason> = new Set(["number missing", "not a JSON object"]);

/** Any JSON: a reading where it has a `number` at its top level. */
export const decodeJson: Decoder = ({ payload }, times) => {
  const decoded = decodeReading(payload, times);
  return OTHER_JSON.has(decoded.outcome.reason) ? { ...decoded, outcome: DOCUMENT } : decoded;
};
