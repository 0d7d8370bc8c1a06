import type { Sequence } from "@weir/protocol";
import type { Database, Statement } from "better-sqlite3";

/** id, received_us, topic, payload, qos, retained, outcome, value, observed_us. */
export type RawRow = [
  number,
  number,
  string,
  Buffer,
  number,
  number,
  number,
  number | null,
  number | null,
];

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

type TopicRow = Pick<NewRow, "topic" | "sequence" | "receivedUs" | "isFiltered">;

/** What bounds a dictionary. */
export interface TopicLimits {
  /**
   * New topics that may be listed in a second, and at once after a while without any. Listing one costs
   * a place in an index of all: four times as much as a message, and more with each million.
   */
  newPerSecond: number;
  newAtOnce: number;
  /** Topics that one file lists, without those of devices with an outbox. */
  listedMax: number;
}

export const TOPIC_LIMITS: TopicLimits = {
  newPerSecond: 1_000,
  newAtOnce: 20_000,
  listedMax: 1_000_000,
};

const TOPICS_MAX = 10_000;
// A topic may have 65,535 bytes.
const CHARACTERS_MAX = 4_000_000;

/** The topic of a row, with its number in the file. */
interface FiledTopic {
  topic: string;
  id: number;
  /** It can be found again. Otherwise it was one too many, and the number is for these messages in a row only. */
  isListed: boolean;
}

/**
 * Opens the dictionary of a segment: numbers for topics, from 1 on, written into the file when a topic
 * is new.
 *
 * @param isReserved whether a new topic uses the allowance for devices with an outbox, which
 * other clients cannot use up.
 * @param reached counts rows whose topic could not be listed.
 */
export function createTopicDictionary(
  database: Database,
  limits: TopicLimits,
  isReserved: (row: TopicRow) => boolean,
  reached: { topics: number },
) {
  const remembered = new Map<string, number>();
  let characters = 0;
  // Messages of one topic often come in a row.
  let latest: FiledTopic | null = null;
  const insert = database.prepare<[string, number]>(
    "INSERT INTO topics (topic, listed) VALUES (?, ?)",
  );
  const select = database
    .prepare<[string], number>("SELECT id FROM topics WHERE topic = ? AND listed = 1")
    .pluck();
  const count = database
    .prepare<[], number>("SELECT count(*) FROM topics WHERE listed = 1")
    .pluck();
  let listed = count.get() as number;
  const forDevices = createAllowance(limits);
  const forOthers = createAllowance(limits);

  function mayList(row: TopicRow): boolean {
    if (isReserved(row)) return forDevices.take(row.receivedUs);
    return listed < limits.listedMax && forOthers.take(row.receivedUs);
  }

  function find(row: TopicRow): FiledTopic {
    const { topic } = row;
    const known = remembered.get(topic) ?? select.get(topic);
    if (known !== undefined) return remember(topic, known);
    const isListed = mayList(row);
    if (!isListed && latest?.topic === topic) return latest;
    // It is not stored, so nothing would ever refer to the number. No message has this topic.
    if (!isListed && row.isFiltered) return { topic: "\0", id: 0, isListed };
    const id = Number(insert.run(topic, isListed ? 1 : 0).lastInsertRowid);
    if (!isListed) return { topic, id, isListed };
    listed += 1;
    return remember(topic, id);
  }

  function remember(topic: string, id: number): FiledTopic {
    if (!remembered.has(topic)) {
      // A client can invent topics without end. Starting over costs one look-up for each live topic.
      if (remembered.size >= TOPICS_MAX || characters >= CHARACTERS_MAX) clear();
      remembered.set(topic, id);
      characters += topic.length;
    }
    return { topic, id, isListed: true };
  }

  function clear(): void {
    remembered.clear();
    characters = 0;
    latest = null;
  }

  return {
    /** The topic of a row. Call it inside a write transaction. */
    of(row: TopicRow): FiledTopic {
      if (latest?.topic !== row.topic || !latest.isListed) latest = find(row);
      if (!latest.isListed) reached.topics += 1;
      return latest;
    },
    /** The transaction is committed. */
    kept(): void {
      forDevices.kept();
      forOthers.kept();
    },
    /** Forgets what it remembers, because a transaction was rolled back. The file keeps everything. */
    forget(): void {
      clear();
      listed = count.get() as number;
      forDevices.forget();
      forOthers.forget();
    },
  };
}

/** So many a second, and so many at once. What a transaction has taken counts only if it is committed. */
function createAllowance({ newPerSecond, newAtOnce }: TopicLimits) {
  let now: { left: number; lastUs: number | null } = { left: newAtOnce, lastUs: null };
  let committed = now;
  return {
    /** Takes one, if there is one. */
    take(nowUs: number): boolean {
      // A clock that is set back gives nothing, and takes nothing away.
      const passedUs = Math.max(0, nowUs - (now.lastUs ?? nowUs));
      const left = Math.min(newAtOnce, now.left + (passedUs / 1e6) * newPerSecond);
      const isThere = left >= 1;
      now = { left: isThere ? left - 1 : left, lastUs: nowUs };
      return isThere;
    },
    kept(): void {
      committed = now;
    },
    forget(): void {
      now = committed;
    },
  };
}
