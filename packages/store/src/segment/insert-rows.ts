import { OUTCOMES, outcomeOf } from "@weir/protocol";
import type { Database, Statement } from "better-sqlite3";
import type { Ledger, Verdict } from "../ledger/ledger.ts";
import type { NewRow } from "./segment-writer.ts";
import type { TopicDictionary } from "./topic-dictionary.ts";

// A row in a statement for many costs half of what it costs in one of its own.
const SIZES = [128, 64, 32, 16, 8, 4, 2, 1] as const;

/** The most rows that one statement inserts. */
export const ROWS_PER_STATEMENT_MAX: number = SIZES[0];

/** Rows that are to be stored, each with what is written in place of its own: two lists side by side. */
export interface FiledRows {
  rows: NewRow[];
  /** The numbers of their topics. */
  topicIds: number[];
}

/** The rows `from <= index < end` of a batch. */
interface Stretch {
  from: number;
  end: number;
}

/**
 * What differs from row to row of a stretch, and is bound for each. Binding is what inserting costs
 * most: whatever is the same in all of them is bound once.
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
  /** What it runs with, filled anew each time: the rows' own values, and at last the shared ones. */
  bound: unknown[];
}

/** Inserts at most `ROWS_PER_STATEMENT_MAX` rows behind the newest one. Call it inside a write transaction. */
type InsertStretch = (filed: FiledRows, stretch: Stretch) => void;

export function prepareInsertStretch(database: Database): InsertStretch {
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

  return (filed, { from, end }) => {
    const shape = shapeOf(filed, { from, end });
    let next = from;
    for (const statement of statementsFor(shape)) {
      for (; next + statement.rows <= end; next += statement.rows) {
        const own = bindOwn(statement, shape, { filed, from: next });
        statement.bound[own] = sharedOf(filed, from);
        statement.statement.run(...statement.bound);
        // Payloads may be views into large buffers.
        statement.bound.fill(null);
      }
    }
  };
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

function shapeOf({ rows, topicIds }: FiledRows, { from, end }: Stretch): Shape {
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

/** @returns how many values were bound. */
function bindOwn(
  { rows: count, bound }: RowStatement,
  { topic, reading, circumstances }: Shape,
  { filed: { rows, topicIds }, from }: { filed: FiledRows; from: number },
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
