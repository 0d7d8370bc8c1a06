import type { Sequence } from "@weir/messages";

/** One message on its way into the store. Times in microseconds since the epoch. */
export interface NewRow {
  receivedUs: number;
  topic: string;
  payload: Buffer;
  qos: number;
  retained: boolean;
  /** A code of `OUTCOMES`. The store writes a doubt of its own here. */
  outcome: number;
  /** The reading's value, or `null` where decoding yielded none. */
  value: number | null;
  /** The reading's time, or `null` where decoding yielded none. */
  observedUs: number | null;
  /** Its place in the sequence of an outbox, or `null` where it has none. */
  sequence: Sequence | null;
  /** A code filter dropped it: the ledger knows it from now on, but it is not written. */
  isFiltered: boolean;
}

/** One stored reading, as statistics need it. */
export interface StoredReading {
  observedUs: number;
  value: number;
}
