import { type Decoded, type OutcomeReason, outcomeOf } from "@weir/messages";

/** A payload that yields no reading, and what is to be said of it. */
export function withoutReading(reason: OutcomeReason): Decoded {
  return { outcome: outcomeOf(reason), value: null, observedUs: null, sequence: null };
}
