import type { AnnouncementEntry } from "@weir/messages";
import type { Account, SeqRange } from "@weir/store";

/**
 * Why a line is not judged. `unjudged`: the audit lacks something. `unsupported`: the publisher claims
 * what the ledger cannot support; anyone may have written it.
 */
export interface Doubt {
  kind: "unjudged" | "unsupported";
  reason: string;
}

/** How far beyond the newest number in the ledger a publisher may say that messages have left it. */
const DELIVERED_AHEAD_MAX = 1_000_000;
/** No outbox has room for so many. */
const WAITING_MAX = 100_000_000;

export const unjudged = (reason: string): Doubt => ({ kind: "unjudged", reason });
export const unsupported = (reason: string): Doubt => ({ kind: "unsupported", reason });

/** The messages that have left the outbox, as it says: stored or given up. */
export function leftOf({ oldestUnsent }: AnnouncementEntry): number {
  return oldestUnsent - 1;
}

/** What is wrong with numbers, whoever wrote them; `null` when the ledger can be set beside them. */
export function doubtOfNumbers(entry: AnnouncementEntry, account: Account): Doubt | null {
  const { accepted, oldestUnsent, abandoned } = entry;
  if (oldestUnsent < 1 || oldestUnsent > accepted + 1 || !isAscending(abandoned, accepted))
    return unsupported("its numbers contradict each other");
  if (accepted + 1 - oldestUnsent > WAITING_MAX)
    return unsupported("it claims more waiting messages than an outbox holds");
  const newest = account.ranges.at(-1)?.[1] ?? account.through;
  if (leftOf(entry) > newest + DELIVERED_AHEAD_MAX)
    return unsupported("its numbers are far beyond those in the ledger");
  return null;
}

function isAscending(ranges: readonly SeqRange[], end: number): boolean {
  let before = 0;
  return ranges.every(([from, to]) => {
    const fits = from > before && to >= from && to <= end;
    before = to;
    return fits;
  });
}
