import type { Sequence } from "@weir/protocol";
import type { Database, Statement } from "better-sqlite3";

/** One message on its way into the store. Times in microseconds since the epoch. */
export interface NewRow {
  receivedUs: number;
  topic: string;
  payload: Buffer;
  qos: number;
  retained: boolean;
  /** A code of `OUTCOMES`. The store overwrites a valid one to flag the row. */
  outcome: number;
  /** The reading's value, or `null` where decoding yielded none. */
  value: number | null;
  /** The reading's time, or `null` where decoding yielded none. */
  observedUs: number | null;
  /** Its place in the sequence of an outbox, or `null` where it has none. */
  sequence: Sequence | null;
  /** A code filter dropped it: the ledger counts it, but it is not written. */
  isFiltered: boolean;
}

/** Rows to insert, and the numbers of their topics in a list of the same length. */
export interface FiledRows {
  rows: NewRow[];
  topicIds: number[];
}

// A row in a statement for many costs half of what it costs in a separate one.
const SIZES = [128, 64, 32, 16, 8, 4, 2, 1] as const;
const [ROWS_PER_STATEMENT_MAX] = SIZES;

/** @returns inserts rows under ascending ids from `firstId` on. Call that inside a write transaction. */
export function prepareInsert(database: Database): (filed: FiledRows, firstId: number) => void {
  const insertFirst = database.prepare<unknown[]>(
    `INSERT INTO rows (id, received_us, topic_id, payload, qos, retained, outcome, value, observed_us)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertStretch = prepareInsertStretch(database);

  return (filed, firstId) => {
    const [first] = filed.rows;
    if (first === undefined) return;
    // Only the first row names its id, because in an empty table SQLite would begin at 1 again. The
    // others get the next ids without naming them, which is cheaper.
    const { receivedUs, payload, qos, retained, outcome, value, observedUs } = first;
    const others = [payload, qos, retained ? 1 : 0, outcome, value, observedUs];
    insertFirst.run(firstId, receivedUs, filed.topicIds[0], ...others);
    const { length } = filed.rows;
    for (let from = 1; from < length; from += ROWS_PER_STATEMENT_MAX) {
      insertStretch(filed, from, Math.min(from + ROWS_PER_STATEMENT_MAX, length));
    }
  };
}

/**
 * What differs from row to row of a stretch, and is bound for each. Binding is most of what an insert
 * costs: what is the same in all rows is bound once.
 */
interface Shape {
  topic: boolean;
  /** `value` and `observed_us`. */
  reading: boolean;
  /** `received_us`, `qos`, `retained` and `outcome`. */
  circumstances: boolean;
}

interface RowStatement {
  rows: number;
  statement: Statement<unknown[]>;
  /** Filled for each run: the rows' own values, and last the shared ones. */
  bound: unknown[];
}

/** @returns inserts the rows `from <= index < end`, at most `ROWS_PER_STATEMENT_MAX`, behind the newest one. */
function prepareInsertStretch(
  database: Database,
): (filed: FiledRows, from: number, end: number) => void {
  // By shape, when it is first needed.
  const prepared = new Map<string, RowStatement[]>();

  function statementsFor(shape: Shape): RowStatement[] {
    const tuple = tupleOf(shape);
    let statements = prepared.get(tuple);
    if (statements === undefined) {
      statements = SIZES.map((rows) => prepare(database, tuple, rows));
      prepared.set(tuple, statements);
    }
    return statements;
  }

  return (filed, from, end) => {
    const shape = shapeOf(filed, from, end);
    let next = from;
    for (const statement of statementsFor(shape)) {
      for (; next + statement.rows <= end; next += statement.rows) {
        const own = bindOwn(statement, shape, filed, next);
        statement.bound[own] = sharedOf(filed, from);
        statement.statement.run(...statement.bound);
        // Payloads may be views into large buffers.
        statement.bound.fill(null);
      }
    }
  };
}

function shapeOf({ rows, topicIds }: FiledRows, from: number, end: number): Shape {
  const first = rows[from] as NewRow;
  const shape = { topic: false, reading: false, circumstances: false };
  for (let index = from + 1; index < end; index += 1) {
    const row = rows[index] as NewRow;
    if (topicIds[index] !== topicIds[from]) shape.topic = true;
    if (row.value !== first.value || row.observedUs !== first.observedUs) shape.reading = true;
    if (
      row.receivedUs !== first.receivedUs ||
      row.qos !== first.qos ||
      row.retained !== first.retained ||
      row.outcome !== first.outcome
    ) {
      shape.circumstances = true;
    }
  }
  return shape;
}

function tupleOf({ topic, reading, circumstances }: Shape): string {
  const own = (isOwn: boolean, name: string): string => (isOwn ? "?" : `@${name}`);
  const columns = [
    own(circumstances, "receivedUs"),
    own(circumstances, "qos"),
    own(circumstances, "retained"),
    own(circumstances, "outcome"),
    own(topic, "topicId"),
    own(reading, "value"),
    own(reading, "observedUs"),
    "?",
  ];
  return `(${columns.join(", ")})`;
}

function prepare(database: Database, tuple: string, rows: number): RowStatement {
  const tuples = new Array(rows).fill(tuple).join(", ");
  const statement = database.prepare<unknown[]>(
    `INSERT INTO rows (received_us, qos, retained, outcome, topic_id, value, observed_us, payload)
     VALUES ${tuples}`,
  );
  const ownValues = tuples.split("?").length - 1;
  return { rows, statement, bound: new Array(ownValues + 1).fill(null) };
}

/** @returns how many values were bound. */
function bindOwn(
  { rows: count, bound }: RowStatement,
  { topic, reading, circumstances }: Shape,
  { rows, topicIds }: FiledRows,
  from: number,
): number {
  let at = 0;
  for (let index = from; index < from + count; index += 1) {
    const row = rows[index] as NewRow;
    if (circumstances) {
      bound[at++] = row.receivedUs;
      bound[at++] = row.qos;
      bound[at++] = row.retained ? 1 : 0;
      bound[at++] = row.outcome;
    }
    if (topic) bound[at++] = topicIds[index];
    if (reading) {
      bound[at++] = row.value;
      bound[at++] = row.observedUs;
    }
    bound[at++] = row.payload;
  }
  return at;
}

/** What is the same in the whole stretch. A statement takes of it what it names. */
function sharedOf({ rows, topicIds }: FiledRows, at: number): Record<string, unknown> {
  const { receivedUs, qos, retained, outcome, value, observedUs } = rows[at] as NewRow;
  const topicId = topicIds[at];
  return { receivedUs, qos, retained: retained ? 1 : 0, outcome, topicId, value, observedUs };
}
