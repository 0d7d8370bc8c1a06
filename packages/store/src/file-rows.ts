import { OUTCOMES, outcomeOf } from "@weir/messages";
import type { Ledger, Verdict } from "./ledger/ledger.ts";
import type { NewRow } from "./row.ts";
import type { FiledRows } from "./row-statements.ts";
import type { TopicDictionary } from "./topic-dictionary.ts";

/** What became of a row on its way into the store: what the ledger says of it. */
export type Filed = Verdict;

const RETAINED = outcomeOf("retained").code;
/** What has no doubt of its own. What the broker had kept is no news, whatever is to be said of it. */
const SOUND: ReadonlySet<number> = new Set(
  OUTCOMES.filter(({ kind, code }) => {
    return (kind === "reading" || kind === "message") && code !== RETAINED;
  }).map(({ code }) => code),
);
const BEYOND_LIMITS = outcomeOf("beyond the ledger's limits").code;
const FOREIGN = outcomeOf("the topic names another device than the publisher").code;
const TOO_MANY_TOPICS = outcomeOf("too many new topics").code;

// Numbers of topics begin at 1.
const NO_TOPIC = 0;

/**
 * Decides which rows are to be stored: all but those that the ledger knows already and those that a
 * code filter dropped. A row that is stored with a doubt gets that as its outcome, unless it has one of
 * its own. Call it inside the write transaction.
 */
export function fileRows(
  rows: readonly NewRow[],
  { topics, ledger }: { topics: TopicDictionary; ledger: Ledger },
): { filed: Filed[]; toStore: FiledRows } {
  const filed: Filed[] = [];
  const toStore: FiledRows = { rows: [], topicIds: [] };
  for (const row of rows) {
    if (row.isFiltered && row.sequence === null) {
      // Neither written nor kept account of: not even its topic is kept.
      filed.push(ledger.enter(row, NO_TOPIC));
      continue;
    }
    const { id, isListed } = topics.of(row);
    const verdict = ledger.enter(row, isListed ? id : null);
    filed.push(verdict);
    if (verdict === "duplicate" || verdict === "filtered") continue;
    if (!isListed) doubt(row, TOO_MANY_TOPICS);
    else if (verdict === "foreign") doubt(row, FOREIGN);
    else if (verdict === "beyond limits") doubt(row, BEYOND_LIMITS);
    toStore.rows.push(row);
    toStore.topicIds.push(id);
  }
  ledger.write();
  return { filed, toStore };
}

function doubt(row: NewRow, code: number): void {
  if (SOUND.has(row.outcome)) row.outcome = code;
}
