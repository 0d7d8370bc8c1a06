import type { Cursor } from "./cursor.ts";

/** One message as it was stored. Times in microseconds since the epoch. */
export interface StoredMessage {
  /** The place behind it. */
  cursor: Cursor;
  receivedUs: number;
  topic: string;
  payload: Buffer;
  qos: number;
  /** The broker sent it because it had kept it. */
  retained: boolean;
  /** A code of `OUTCOMES`, or of those of a newer Weir. */
  outcome: number;
  /** The reading's value and time, `null` where decoding yielded none. */
  value: number | null;
  observedUs: number | null;
}
