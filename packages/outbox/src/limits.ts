/** What bounds an outbox. Each bound has a stated policy. */
export interface OutboxLimits {
  /** Messages that wait at most. A full outbox refuses the new one and says so. */
  rowsMax: number;
  /** Bytes of payload that wait at most. The same policy. */
  bytesMax: number;
  /** How long a message may wait, in milliseconds. Then it is given up, and declared as abandoned. */
  ageMaxMs: number;
  /** Messages that are sent and not confirmed at most. While no receipt comes, no further one is sent. */
  windowMax: number;
  /** How often the broker may refuse a message before it is given up, so that it blocks no other. */
  refusalsMax: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  rowsMax: 1_000_000,
  bytesMax: 256 * 1024 * 1024,
  ageMaxMs: 7 * 24 * 60 * 60 * 1_000,
  windowMax: 2_000,
  refusalsMax: 5,
};
