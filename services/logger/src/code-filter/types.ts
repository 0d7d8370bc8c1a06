/** A message as a code filter sees it. */
export interface FilterMessage {
  topic: string;
  /**
   * A view that is valid during the call only: copy what you keep. Do not write into it: other streams
   * store the same bytes.
   */
  payload: Buffer;
  retained: boolean;
  /** Microseconds since the epoch. */
  receivedUs: number;
}

/**
 * Store it, do not store it, or store these bytes instead, at most 262,144 of them. They are copied: the
 * same memory may be used for the next answer.
 */
export type FilterResult = "keep" | "drop" | Uint8Array;

/**
 * What a stream's filter file exports as its default. It is called for each message on the way to the
 * store, so it answers at once: no promise, no input or output. When it throws, that is reported, and
 * the message is stored.
 */
export type MessageFilter = (message: FilterMessage) => FilterResult;
