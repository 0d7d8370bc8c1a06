import { ENTRIES_MAX, RANGES_MAX, type ReceiptEntry } from "@weir/messages";
import type { Database } from "better-sqlite3";
import { accountOf, type EntryRow } from "./table.ts";

/** What receipts are made of, as it is committed. */
export interface ReceiptReader {
  /** A publisher's accounts, the newest first when there are too many for one receipt. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
}

export function prepareReceipts(database: Database): ReceiptReader {
  const ofPublisher = database.prepare<
    [string, number],
    Pick<EntryRow, "epoch" | "through" | "ranges"> & { topic: string }
  >(
    `SELECT epoch, topics.topic, through, ranges FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = ? ORDER BY last_received_us DESC LIMIT ?`,
  );
  const recent = database
    .prepare<[number], string>(
      "SELECT publisher FROM ledger GROUP BY publisher ORDER BY max(last_received_us) DESC LIMIT ?",
    )
    .pluck();

  return {
    receiptOf: (publisher) =>
      ofPublisher.all(publisher, ENTRIES_MAX).map(({ epoch, topic, ...row }) => {
        const { through, ranges } = accountOf(row);
        return { epoch, topic, through, ranges: ranges.slice(0, RANGES_MAX) };
      }),
    recentPublishers: (limit) => recent.all(limit),
  };
}
