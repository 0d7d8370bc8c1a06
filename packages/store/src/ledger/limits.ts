import type { AccountLimits } from "./account.ts";

/** What bounds a ledger. Where there is no room for a new one, `displaced` (standing.ts) says who goes. */
export interface LedgerLimits extends AccountLimits {
  /**
   * Publishers that are kept account of on topics of devices, and as many on topics that name no device:
   * who invents names on the one kind takes no places from the other.
   */
  publishersMax: number;
  /**
   * Openings of its outbox and topics, together, that are kept account of for one publisher on each of
   * the two kinds: one that restarts every day, or every second, must get its receipts all the same.
   */
  entriesPerPublisherMax: number;
}

const DAY_US = 86_400_000_000;

export const LEDGER_LIMITS: LedgerLimits = {
  // More than the gaps that an outbox with a window of 2,000 can make.
  rangesMax: 1_024,
  jumpMax: 1_000_000,
  publishersMax: 10_000,
  entriesPerPublisherMax: 1_000,
};

/** How long an epoch has been idle that `forgetIdle` is to forget, unless somebody says otherwise. */
export const EPOCH_IDLE_US: number = 30 * DAY_US;
