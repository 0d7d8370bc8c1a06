import { ENTRIES_MAX, RANGES_MAX, type ReceiptEntry } from "@weir/messages";
import type { Database } from "better-sqlite3";
import { isEstablished } from "./standing.ts";
import { accountOf, type EntryRow } from "./table.ts";

/** What receipts are made of, as it is committed. */
export interface ReceiptReader {
  /** A publisher's accounts, the newest first when there are too many for one receipt. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
}

type Line = Pick<
  EntryRow,
  "epoch" | "through" | "ranges" | "received" | "first_received_us" | "last_received_us"
> & { topic: string; is_device: number };

// Of a receipt, what epochs that somebody else invents in this name cannot fill.
const DEVICE_ENTRIES = ENTRIES_MAX / 2;
const ESTABLISHED_ENTRIES = ENTRIES_MAX / 4;

/** @param entriesMax how many entries a publisher may have altogether. */
export function prepareReceipts(database: Database, entriesMax: number): ReceiptReader {
  const ofPublisher = database.prepare<[string, number], Line>(
    `SELECT epoch, topics.topic, through, ranges, received, first_received_us, last_received_us,
            weir_is_device(topics.topic, publisher) AS is_device
     FROM ledger JOIN topics ON topics.id = topic_id
     WHERE publisher = ? ORDER BY last_received_us DESC LIMIT ?`,
  );
  const recent = database
    .prepare<[number], string>(
      "SELECT publisher FROM ledger GROUP BY publisher ORDER BY max(last_received_us) DESC LIMIT ?",
    )
    .pluck();

  return {
    receiptOf: (publisher) =>
      choose(ofPublisher.all(publisher, entriesMax)).map(({ epoch, topic, ...row }) => {
        const { through, ranges } = accountOf(row);
        return { epoch, topic, through, ranges: ranges.slice(0, RANGES_MAX) };
      }),
    recentPublishers: (limit) => recent.all(limit),
  };
}

/** What one receipt has room for. */
function choose(newestFirst: readonly Line[]): readonly Line[] {
  if (newestFirst.length <= ENTRIES_MAX) return newestFirst;
  const devices = newestFirst.filter((line) => line.is_device === 1).slice(0, DEVICE_ENTRIES);
  const established = newestFirst.filter(isEstablishedLine).slice(0, ESTABLISHED_ENTRIES);
  return [...new Set([...devices, ...established, ...newestFirst])].slice(0, ENTRIES_MAX);
}

function isEstablishedLine(line: Line): boolean {
  const { is_device: isDevice, received } = line;
  const times = { firstReceivedUs: line.first_received_us, lastReceivedUs: line.last_received_us };
  return isDevice === 0 && isEstablished({ received, ...times });
}
