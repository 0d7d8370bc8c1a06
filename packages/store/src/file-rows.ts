import { outcomeOf } from "@weir/messages";
import type { Ledger, Verdict } from "./ledger/ledger.ts";
import type { NewRow } from "./row.ts";
import type { FiledRows } from "./row-statements.ts";
import type { TopicDictionary } from "./topic-dictionary.ts";

/** What became of a row on its way into the store: what the ledger says of it. */
export type Filed = Verdict;

const SOUND = outcomeOf("").code;
const BEYOND_LIMITS = outcomeOf("beyond the ledger's limits").code;

// Numbers of topics begin at 1.
const NO_TOPIC = 0;

/**
 * Decides which rows are to be stored: all but those that the ledger knows already and those that a
 * code filter dropped. Call it inside the write transaction.
 */
export function fileRows(
  rows: readonly NewRow[],
  { topics, ledger }: { topics: TopicDictionary; ledger: Ledger },
): { filed: Filed[]; toStore: FiledRows } {
  const filed: Filed[] = [];
  const toStore: FiledRows = { rows: [], topicIds: [], outcomes: [] };
  for (const row of rows) {
    const topicId = isOfNoAccount(row) ? NO_TOPIC : topics.idOf(row.topic);
    const verdict = ledger.enter(row, topicId);
    filed.push(verdict);
    if (verdict === "duplicate" || verdict === "filtered") continue;
    const isBlemished = verdict === "beyond limits" && row.outcome === SOUND;
    toStore.rows.push(row);
    toStore.topicIds.push(topicId);
    toStore.outcomes.push(isBlemished ? BEYOND_LIMITS : row.outcome);
  }
  ledger.write();
  return { filed, toStore };
}

/** Neither written nor kept account of: not even its topic is kept. */
function isOfNoAccount({ sequence, isFiltered }: NewRow): boolean {
  return isFiltered && sequence === null;
}
