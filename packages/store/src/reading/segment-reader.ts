import type { Database } from "better-sqlite3";
import {
  createSpan,
  createWantedTopics,
  cursorAt,
  type IdRange,
  prepareTimeBounds,
  type Selection,
  type StoredMessage,
  type WantedTopics,
} from "./query.ts";
import {
  openForReading,
  prepareSegmentState,
  type Segment,
  type SegmentState,
} from "./segments.ts";

/** What one transaction read. */
export interface SegmentPage {
  messages: StoredMessage[];
  /** Everything up to this id has been looked at. */
  throughId: number;
  /** When the last row that was looked at was received; `null` when there was none. */
  reachedUs: number | null;
  /** There was nothing behind `throughId`. */
  isEnd: boolean;
  /** The file name of the next segment, once nothing comes into this one any more. */
  successor: string | null;
  /** The first id that is there; the next one to come while there is none. */
  firstId: number;
  /** The last id that was ever given out. */
  givenId: number;
}

interface PageLimits {
  afterId: number;
  rowsMax: number;
}

/** Reads one segment, for as long as it is open. */
export interface SegmentReader extends Disposable {
  /** Whether a commit of another connection came since the last call. Takes about a microsecond. */
  hasChanged(): boolean;
  /** Reads on in one transaction of at most `READ_TRANSACTION_MS_MAX`. */
  readPage(limits: PageLimits): SegmentPage;
}

/** The longest read transaction: as long as one lasts, the writer's log cannot begin anew. */
export const READ_TRANSACTION_MS_MAX = 100;

/** What a page holds at most, in bytes of payload, but for the row that reaches it. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

/** @throws what SQLite says; an open file is closed then. */
export function openSegmentReader(segment: Segment, selection: Selection): SegmentReader {
  const database = openForReading(segment.file);
  try {
    const readPage = database.transaction(prepareReadPage(database, segment.name, selection));
    return {
      readPage,
      hasChanged: watchVersion(database),
      [Symbol.dispose]: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareReadPage(
  database: Database,
  segment: string,
  selection: Selection,
): SegmentReader["readPage"] {
  const { filters } = selection;
  const wanted = filters.length === 0 ? null : createWantedTopics(database, filters);
  const selectRows = prepareSelectRows(database, selection, wanted);
  const timeBounds = prepareTimeBounds(database, selection);
  const stateOf = prepareSegmentState(database);
  const timeAt = prepareTimeAt(database);
  const span = createSpan(READ_TRANSACTION_MS_MAX);

  /** Where there may be rows of the selection, as far as the segment reaches now. */
  function rangeOf({ extent, givenId }: SegmentState): IdRange {
    const isHopeless = extent === null || wanted?.count() === 0;
    return isHopeless ? { first: givenId + 1, last: givenId } : timeBounds(extent);
  }

  /** Rows behind `afterId`, and how far they reach. */
  function readStretch(range: IdRange, { afterId, rowsMax }: PageLimits, startMs: number) {
    const begin = Math.max(afterId, range.first - 1);
    const until = Math.min(range.last, begin + span.ids());
    if (until <= begin) return { messages: [], throughId: Math.max(afterId, range.last) };
    const limits = { rowsMax, bytesMax: PAGE_BYTES_MAX };
    const deadlineMs = startMs + READ_TRANSACTION_MS_MAX / 2;
    const { messages, cutAtId } = takeRows(selectRows(begin, until), segment, {
      ...limits,
      deadlineMs,
    });
    span.note({ elapsedMs: performance.now() - startMs, isCut: cutAtId !== null });
    return { messages, throughId: cutAtId ?? until };
  }

  return (limits) => {
    const startMs = performance.now();
    const state = stateOf();
    const knowsTopics = wanted?.catchUp() ?? true;
    const range = rangeOf(state);
    const stretch = knowsTopics
      ? readStretch(range, limits, startMs)
      : { messages: [], throughId: limits.afterId };
    return {
      ...stretch,
      reachedUs: timeAt(stretch.throughId),
      isEnd: knowsTopics && stretch.throughId >= range.last,
      successor: state.successor,
      firstId: state.extent?.firstId ?? state.givenId + 1,
      givenId: state.givenId,
    };
  };
}

function watchVersion(database: Database): () => boolean {
  let seen: unknown = null;
  return () => {
    const version = database.pragma("data_version", { simple: true });
    const changed = version !== seen;
    seen = version;
    return changed;
  };
}

function prepareTimeAt(database: Database): (id: number) => number | null {
  const select = database
    .prepare<[number], number>(
      "SELECT received_us FROM rows WHERE id <= ? ORDER BY id DESC LIMIT 1",
    )
    .pluck();
  return (id) => select.get(id) ?? null;
}

/** id, received_us, topic, payload, qos, retained, outcome, value, observed_us. */
type RawRow = [
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

/** Iterates over the rows with `after < id <= through` that match, in the order of their ids. */
type SelectRows = (after: number, through: number) => IterableIterator<RawRow>;

interface Bounds {
  after: number;
  through: number;
  fromUs: number;
  toUs: number;
}

const IN_TABLE_ORDER = "AND +topic_id IN temp.wanted";

// The ids first, out of the index alone, then the rows in their order.
const THROUGH_INDEX = `
  AND rows.id IN (
    SELECT found.id FROM temp.wanted CROSS JOIN rows AS found
    ON found.topic_id = wanted.id AND found.id > @after AND found.id <= @through)`;

// Finding a row through the index costs about as much as passing by so many.
const PASSED_FOR_FOUND = 8;

/**
 * @param wanted the topics that match, `null` for all. Finished segments have an index on the topic,
 * which is used wherever few enough rows match.
 */
function prepareSelectRows(
  database: Database,
  { fromUs, toUs }: Selection,
  wanted: WantedTopics | null,
): SelectRows {
  const prepare = (matches: string) =>
    database
      .prepare<[Bounds], RawRow>(
        `SELECT rows.id, received_us, topics.topic, payload, qos, retained, outcome, value, observed_us
         FROM rows CROSS JOIN topics ON topics.id = topic_id
         WHERE rows.id > @after AND rows.id <= @through
           AND received_us >= @fromUs AND received_us < @toUs ${matches}
         ORDER BY rows.id`,
      )
      .raw();
  const scan = prepare(wanted === null ? "" : IN_TABLE_ORDER);
  const isSparse =
    wanted !== null && hasTopicIndex(database) ? prepareIsSparse(database, wanted) : null;
  const lookUp = isSparse === null ? scan : prepare(THROUGH_INDEX);

  return (after, through) => {
    const select = isSparse?.(after, through) === true ? lookUp : scan;
    return select.iterate({ after, through, fromUs, toUs });
  };
}

function hasTopicIndex(database: Database): boolean {
  const found = database
    .prepare<[], number>(
      `SELECT count(*) FROM pragma_index_list('rows') AS list
       JOIN pragma_index_info(list.name) AS info ON info.seqno = 0 AND info.name = 'topic_id'
       WHERE list.partial = 0`,
    )
    .pluck();
  return found.get() !== 0;
}

/** Whether so few rows of a stretch match that the index is the shorter way to them. */
function prepareIsSparse(
  database: Database,
  wanted: WantedTopics,
): (after: number, through: number) => boolean {
  const count = database
    .prepare<[{ after: number; through: number; limit: number }], number>(
      `SELECT count(*) FROM (
         SELECT 1 FROM temp.wanted CROSS JOIN rows
         ON rows.topic_id = wanted.id AND rows.id > @after AND rows.id <= @through
         LIMIT @limit)`,
    )
    .pluck();
  return (after, through) => {
    const limit = Math.floor((through - after) / PASSED_FOR_FOUND);
    // Each topic is looked up in the index, whether it has rows there or not.
    if (wanted.count() > limit) return false;
    return (count.get({ after, through, limit }) as number) < limit;
  };
}

/** When to stop taking rows, whatever there is. */
interface TakeLimits {
  rowsMax: number;
  /** Of payloads; the row that reaches it is still taken. */
  bytesMax: number;
  /** On the monotonic clock. */
  deadlineMs: number;
}

interface Taken {
  messages: StoredMessage[];
  /** The id of the last one when a limit ended it, `null` when the rows did. */
  cutAtId: number | null;
}

const ROWS_BETWEEN_LOOKS = 32;

/** Turns rows into messages. At least one is taken where there is one, so that reading gets on. */
function takeRows(rows: Iterable<RawRow>, segment: string, limits: TakeLimits): Taken {
  const messages: StoredMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    messages.push(messageOf(row, segment));
    bytes += row[3].length;
    const isLate =
      messages.length % ROWS_BETWEEN_LOOKS === 0 && performance.now() > limits.deadlineMs;
    if (isLate || messages.length >= limits.rowsMax || bytes >= limits.bytesMax) {
      return { messages, cutAtId: row[0] };
    }
  }
  return { messages, cutAtId: null };
}

function messageOf(row: RawRow, segment: string): StoredMessage {
  const [id, receivedUs, topic, payload, qos, retained, outcome, value, observedUs] = row;
  return {
    cursor: cursorAt({ segment, id }),
    receivedUs,
    topic,
    payload,
    qos,
    retained: retained === 1,
    outcome,
    value,
    observedUs,
  };
}
