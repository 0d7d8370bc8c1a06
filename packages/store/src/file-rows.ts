import { outcomeOf } from "@weir/messages";
import type { FiledRow } from "./append.ts";
import type { Ledger, Verdict } from "./ledger/ledger.ts";
import type { NewRow } from "./row.ts";
import type { TopicDictionary } from "./topic-dictionary.ts";

/**
 * What became of a row on its way into the store: `duplicate` and `filtered` are not written;
 * `unsequenced` comes from a publisher without an outbox.
 */
export type Filed = Verdict | "unsequenced";

const SOUND = outcomeOf("").code;
const BEYOND_LIMITS = outcomeOf("beyond the ledger's limits").code;

/**
 * Decides which rows are to be stored: all but those that the ledger knows already
 * and those that a code filter dropped. Call it inside
 * the write transaction.
 */
export function fileRows(
  rows: readonly NewRow[],
  { topics, ledger }: { topics: TopicDictionary; ledger: Ledger },
): { filed: Filed[]; toStore: FiledRow[] } {
  const filed: Filed[] = [];
  const toStore: FiledRow[] = [];
  for (const row of rows) {
    const topicId = topics.idOf(row.topic);
    const verdict = file(row, topicId, ledger);
    filed.push(verdict);
    if (verdict === "duplicate" || verdict === "filtered") continue;
    const isBlemished = verdict === "beyond limits" && row.outcome === SOUND;
    toStore.push({ row: isBlemished ? { ...row, outcome: BEYOND_LIMITS } : row, topicId });
  }
  ledger.write();
  return { filed, toStore };
}

function file(
  { sequence, receivedUs, isFiltered }: NewRow,
  topicId: number,
  ledger: Ledger,
): Filed {
  if (sequence === null) {
    ledger.countUnsequenced(isFiltered);
    return isFiltered ? "filtered" : "unsequenced";
  }
  const verdict = ledger.enter(sequence, { topicId, receivedUs, isFiltered });
  // What the filter dropped is not written, also where no account can be kept of it.
  return isFiltered && verdict === "beyond limits" ? "filtered" : verdict;
}
