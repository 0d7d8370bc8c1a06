import type { AccountLimits } from "./account.ts";

/** What bounds a ledger. */
export interface LedgerLimits extends AccountLimits {
  /**
   * Publishers that are kept account of. For a new one beyond that the one is forgotten that has been
   * silent the longest, if that is long enough.
   */
  publishersMax: number;
  /** How long a publisher has been silent that may be forgotten for another, in microseconds. */
  publisherIdleUs: number;
  /**
   * Openings of its outbox and topics, together, that are kept account of for one publisher. Beyond
   * that those that were idle longest are forgotten: a publisher that restarts every day, or every
   * second, must get its receipts all the same.
   */
  entriesPerPublisherMax: number;
}

const DAY_US = 86_400_000_000;

export const LEDGER_LIMITS: LedgerLimits = {
  // More than the gaps that an outbox with a window of 2,000 can make.
  rangesMax: 1_024,
  jumpMax: 1_000_000,
  publishersMax: 10_000,
  publisherIdleUs: DAY_US,
  entriesPerPublisherMax: 1_000,
};

/** How long an epoch has been idle that `forgetIdle` is to forget, unless somebody says otherwise. */
export const EPOCH_IDLE_US: number = 30 * DAY_US;
