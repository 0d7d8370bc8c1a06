import type { Database } from "better-sqlite3";
import type { Selection } from "./query.ts";
import type { WantedTopics } from "./wanted-topics.ts";

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

/** Iterates over the rows with `after < id <= through` that match, in the order of their ids. */
export type SelectRows = (after: number, through: number) => IterableIterator<RawRow>;

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
export function prepareSelectRows(
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
