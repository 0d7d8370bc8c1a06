import { matchesFilter } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import type { RawRow } from "../segment/rows-and-topics.ts";
import type { Selection } from "./query.ts";

/**
 * How far the clock may have been set back within a stream before a reading that is not thorough may
 * miss rows. Setting it forward costs nothing.
 */
export const CLOCK_STEP_US_MAX = 10 * 60 * 1_000_000;

/** The ids and times of a segment's first and last row. */
export interface Extent {
  firstId: number;
  lastId: number;
  firstUs: number;
  lastUs: number;
}

/** The ids between which all rows of a time range lie, both included; `first > last` is none. */
export interface IdRange {
  first: number;
  last: number;
}

/**
 * @returns finds by bisection where the selection's time range lies in a segment. Rows are in the order of
 * arrival, and so nearly in that of time: all rows before one that is `CLOCK_STEP_US_MAX` older than the
 * range are older than the range, too, unless the clock was set back by more than that.
 */
export function prepareTimeBounds(
  database: Database,
  { fromUs, toUs, isThorough }: Pick<Selection, "fromUs" | "toUs" | "isThorough">,
): (extent: Extent) => IdRange {
  const rowFrom = database
    .prepare<[number], [number, number]>(
      "SELECT id, received_us FROM rows WHERE id >= ? ORDER BY id LIMIT 1",
    )
    .raw();
  const lowUs = fromUs - CLOCK_STEP_US_MAX;
  const highUs = toUs + CLOCK_STEP_US_MAX;
  // Once found they stay: rows are only added behind them, and removed before them.
  let first: number | null = null;
  let end: number | null = null;

  /** Finds a row of at least this time whose predecessor is older. The last row must have at least this time. */
  function bisect(timeUs: number, { firstId, lastId, firstUs }: Extent): number {
    if (firstUs >= timeUs) return firstId;
    let older = firstId;
    let bound = lastId;
    let found = lastId;
    while (bound - older > 1) {
      const middle = older + Math.floor((bound - older) / 2);
      const [id, receivedUs] = rowFrom.get(middle) as [number, number];
      if (receivedUs < timeUs) older = id;
      else {
        found = id;
        bound = middle;
      }
    }
    return found;
  }

  return (extent) => {
    if (isThorough) return { first: extent.firstId, last: extent.lastId };
    if (extent.lastUs < lowUs) return { first: extent.lastId + 1, last: extent.lastId };
    first ??= bisect(lowUs, extent);
    if (extent.lastUs >= highUs) end ??= bisect(highUs, extent);
    return {
      first: Math.max(first, extent.firstId),
      last: end === null ? extent.lastId : end - 1,
    };
  };
}

const TOPICS_PER_CALL = 5_000;

export type WantedTopics = ReturnType<typeof createWantedTopics>;

/**
 * Collects the topics of a segment that match a filter, in a temporary table of its connection. Disposing
 * drops it.
 */
export function createWantedTopics(
  database: Database,
  filters: readonly string[],
  table = "wanted",
) {
  database.exec(`CREATE TEMP TABLE ${table} (id INTEGER PRIMARY KEY)`);
  database.function(`weir_is_${table}`, (topic: unknown) =>
    filters.some((filter) => matchesFilter(filter, topic as string)) ? 1 : 0,
  );
  const last = database.prepare<[], number>("SELECT coalesce(max(id), 0) FROM topics").pluck();
  const insert = database.prepare<[number, number]>(
    `INSERT INTO temp.${table}
     SELECT id FROM topics WHERE id > ? AND id <= ? AND weir_is_${table}(topic)`,
  );
  let seenId = 0;
  let wanted = 0;

  return {
    table,
    /**
     * Looks at topics that are new in the file, a bounded number of them. Call it inside the transaction
     * that reads rows.
     *
     * @returns whether it has seen all.
     */
    catchUp(): boolean {
      const lastId = last.get() as number;
      const throughId = Math.min(lastId, seenId + TOPICS_PER_CALL);
      if (throughId > seenId) wanted += insert.run(seenId, throughId).changes;
      seenId = throughId;
      return seenId === lastId;
    },
    /** How many match, as far as it has seen. */
    count: (): number => wanted,
    [Symbol.dispose]: (): void => {
      if (database.open) database.exec(`DROP TABLE temp.${table}`);
    },
  };
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
 * @param wanted the topics that match, `null` for all. Where few enough rows match, the index on the topic
 * that finished segments have is used.
 * @returns iterates over the rows with `after < id <= through` that match, in the order of their ids.
 */
export function prepareSelectRows(
  database: Database,
  { fromUs, toUs }: Selection,
  wanted: WantedTopics | null,
): (after: number, through: number) => IterableIterator<RawRow> {
  const prepare = (matches: string) =>
    database
      .prepare<[{ after: number; through: number; fromUs: number; toUs: number }], RawRow>(
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

/** Whether an open segment has the index on the topic that finished ones have. */
export function hasTopicIndex(database: Database): boolean {
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
         LIMIT +@limit)`,
    )
    .pluck();
  return (after, through) => {
    const limit = Math.floor((through - after) / PASSED_FOR_FOUND);
    // Each topic is looked up in the index, whether it has rows there or not.
    if (wanted.count() > limit) return false;
    return (count.get({ after, through, limit }) as number) < limit;
  };
}
