import type { Database } from "better-sqlite3";
import type { NewRow } from "./row.ts";
import { type FiledRows, prepareInsertStretch, ROWS_PER_STATEMENT_MAX } from "./row-statements.ts";

/** Inserts rows under ascending ids from `firstId` on. Call it inside a write transaction. */
export type InsertRows = (filed: FiledRows, firstId: number) => void;

export function prepareInsert(database: Database): InsertRows {
  const insertFirst = database.prepare<unknown[]>(
    `INSERT INTO rows (id, received_us, topic_id, payload, qos, retained, outcome, value, observed_us)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertStretch = prepareInsertStretch(database);

  function writeFirst({ rows, topicIds }: FiledRows, id: number): void {
    const { receivedUs, payload, qos, retained, outcome, value, observedUs } = rows[0] as NewRow;
    const others = [payload, qos, retained ? 1 : 0, outcome, value, observedUs];
    insertFirst.run(id, receivedUs, topicIds[0], ...others);
  }

  return (filed, firstId) => {
    const { length } = filed.rows;
    if (length === 0) return;
    // The id is said once, because in an empty table SQLite would begin at 1 again. The others follow
    // by themselves, which is cheaper.
    writeFirst(filed, firstId);
    for (let from = 1; from < length; from += ROWS_PER_STATEMENT_MAX) {
      insertStretch(filed, { from, end: Math.min(from + ROWS_PER_STATEMENT_MAX, length) });
    }
  };
}
