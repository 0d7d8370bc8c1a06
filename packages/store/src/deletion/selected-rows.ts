import type { Database } from "better-sqlite3";
import {
  createWantedTopics,
  type Extent,
  hasTopicIndex,
  prepareTimeBounds,
} from "../reading/select-rows.ts";
import type { DeletedRows } from "./deletion-list.ts";

/** A stretch of ids: those above `after`, up to `through`. */
export interface Stretch {
  after: number;
  through: number;
}

// Of so few topics each stretch is looked up in the index on the topic, where there is one.
const LOOKED_UP_MAX = 1_000;

/**
 * Which rows of an open segment a deletion means. Its topics are in a temporary table of the connection
 * until it is disposed of.
 */
export class SelectedRows implements Disposable {
  /** What a row must match besides, as SQL about `rows`; its parameters are those of `bind`. */
  readonly condition: string;
  readonly #database: Database;
  readonly #rows: DeletedRows;
  readonly #topics: ReturnType<typeof createWantedTopics>;

  /** @param options.segment the name of the segment. @param options.name tells selections of a connection apart. */
  constructor(
    database: Database,
    rows: DeletedRows,
    { segment, name }: { segment: string; name: string },
  ) {
    this.#database = database;
    this.#rows =
      segment < rows.through.segment
        ? { ...rows, through: { segment, id: Number.MAX_SAFE_INTEGER } }
        : rows;
    this.#topics = createWantedTopics(database, rows.filters, name);
    this.condition = `rows.id > @after AND rows.id <= @through AND rows.id <= @lastId
      AND received_us >= @fromUs AND received_us < @toUs`;
  }

  /** Collects the topics, a bounded number of them in each step. */
  *collectTopics(): Generator<number> {
    while (!this.#topics.catchUp()) yield 0;
  }

  /** SQL that the topic must match. */
  topicCondition(): string {
    return `+topic_id IN temp.${this.#topics.table}`;
  }

  /** The same for the table `rows`: through its index on the topic where that is the shorter way. */
  indexedTopicCondition(): string {
    const { table } = this.#topics;
    if (!hasTopicIndex(this.#database) || this.#topics.count() > LOOKED_UP_MAX) {
      return this.topicCondition();
    }
    return `rows.id IN (
      SELECT found.id FROM temp.${table} AS wanted CROSS JOIN rows AS found
      ON found.topic_id = wanted.id AND found.id > @after AND found.id <= @through)`;
  }

  /** The ids between which all of these rows are; `null` when there are none. */
  bounds(): Stretch | null {
    const extent = this.#database.prepare<[], Extent>(EXTENT).get();
    if (extent === undefined || this.#topics.count() === 0) return null;
    const { fromUs, toUs, filters, through } = this.#rows;
    const selection = { fromUs, toUs, filters, isThorough: false };
    const { first, last } = prepareTimeBounds(this.#database, selection)(extent);
    const bounds = { after: first - 1, through: Math.min(last, through.id) };
    return bounds.after < bounds.through ? bounds : null;
  }

  bind(stretch: Stretch): Record<string, number> {
    const { fromUs, toUs, through } = this.#rows;
    return { ...stretch, fromUs, toUs, lastId: through.id };
  }

  [Symbol.dispose](): void {
    this.#topics[Symbol.dispose]();
  }
}

const EXTENT = `
SELECT first.id AS firstId, last.id AS lastId, first.received_us AS firstUs, last.received_us AS lastUs
FROM (SELECT id, received_us FROM rows ORDER BY id LIMIT 1) AS first,
     (SELECT id, received_us FROM rows ORDER BY id DESC LIMIT 1) AS last`;

const IDS_FIRST = 512;
const IDS_MIN = 16;
const IDS_MAX = 2 ** 17;
const SLOW_MS = 4;
const FAST_MS = 1;

/** Cuts ids into stretches that take a few milliseconds each, whatever the disk, the rows and the filters are. */
export class Stretches {
  #ids = IDS_FIRST;

  /** The next stretch behind `after`. */
  next(after: number, last: number): Stretch {
    return { after, through: Math.min(last, after + this.#ids) };
  }

  /** Runs what handles a stretch, and learns from the time that it took. */
  timed<T>(task: () => T): T {
    const startMs = performance.now();
    const result = task();
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > SLOW_MS) this.#ids = Math.max(IDS_MIN, Math.floor(this.#ids / 4));
    else if (elapsedMs < FAST_MS) this.#ids = Math.min(IDS_MAX, this.#ids * 2);
    return result;
  }
}
