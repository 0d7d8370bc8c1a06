import type { Database } from "better-sqlite3";
import { emptyLog, relaxSync } from "../segment/segment-file.ts";
import type { Deletion } from "./deletion-list.ts";
import { SelectedRows, type Stretch, Stretches } from "./selected-rows.ts";

/** Work in one segment, a few milliseconds in each step, which yields how many rows it has moved. */
export type RowsWork = Generator<number, void>;

const COLUMNS = "received_us, topic_id, payload, qos, retained, outcome, value, observed_us";

/**
 * `hidden_rows` are rows that a deletion has taken out of `rows`, under their ids. `hiding` has one line for each
 * deletion that has rows there: how many, and up to which id it has looked; `is_done` once it has looked at all.
 * A segment gets these tables with its first deletion.
 */
const CREATE = `
CREATE TABLE IF NOT EXISTS hidden_rows (
  id INTEGER PRIMARY KEY,
  deletion TEXT NOT NULL,
  received_us INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  payload BLOB NOT NULL,
  qos INTEGER NOT NULL,
  retained INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  value REAL,
  observed_us INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS hiding (
  deletion TEXT PRIMARY KEY,
  through INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  is_done INTEGER NOT NULL
) STRICT, WITHOUT ROWID;`;

/** Whether deletions have ever hidden rows of an open segment. */
export function mayHaveHiddenRows(database: Database): boolean {
  const select = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'hidden_rows'");
  return select.get() !== undefined;
}

/** Whether a deletion hides rows of an open segment. */
export function hasHiddenRows(database: Database): boolean {
  return (
    mayHaveHiddenRows(database) && database.prepare("SELECT 1 FROM hiding").get() !== undefined
  );
}

interface Hiding {
  through: number;
  rows: number;
  isDone: 0 | 1;
}

/** How far a deletion has got in a segment; `null` where it has hidden nothing. */
export function readHiding(database: Database, { id }: Pick<Deletion, "id">): Hiding | null {
  if (!mayHaveHiddenRows(database)) return null;
  const select = database.prepare<[string], Hiding>(
    "SELECT through, rows, is_done AS isDone FROM hiding WHERE deletion = ?",
  );
  return select.get(id) ?? null;
}

/** Readers that may have counted rows which have gone or come back start again. */
const RAISE = "UPDATE segment SET generation = generation + 1";
const RAISE_INTERVAL_MS = 5_000;

// What one transaction moves at most, whatever a stretch holds.
const ROWS_MAX = 1_000;

/** Finds out whether a segment has rows that a deletion means, without writing. */
export function* findRows(
  database: Database,
  deletion: Deletion,
  segment: string,
): Generator<number, boolean> {
  using rows = new SelectedRows(database, deletion, { segment, name: `sought_${deletion.id}` });
  yield* rows.collectTopics();
  const bounds = rows.bounds();
  if (bounds === null) return false;
  const select = database.prepare<[Record<string, number>]>(
    `SELECT 1 FROM rows WHERE ${rows.condition} AND ${rows.indexedTopicCondition()} LIMIT 1`,
  );
  const stretches = new Stretches();
  for (let { after } = bounds; after < bounds.through; ) {
    const stretch = stretches.next(after, bounds.through);
    if (stretches.timed(() => select.get(rows.bind(stretch))) !== undefined) return true;
    after = stretch.through;
    yield 0;
  }
  return false;
}

/**
 * Moves the rows that a deletion means out of sight. They keep their ids. After a kill it goes on where it was.
 */
export function* hideRows(database: Database, deletion: Deletion, segment: string): RowsWork {
  const known = readHiding(database, deletion);
  if (known?.isDone === 1) return;
  writing(database, () => database.exec(CREATE));
  using rows = new SelectedRows(database, deletion, { segment, name: `hiding_${deletion.id}` });
  yield* rows.collectTopics();
  const bounds = rows.bounds();
  if (bounds !== null) {
    const move = prepareHide(database, deletion, rows);
    const raise = prepareRaise(database);
    const stretches = new Stretches();
    for (let after = Math.max(bounds.after, known?.through ?? 0); after < bounds.through; ) {
      const stretch = stretches.next(after, bounds.through);
      const moved = stretches.timed(() => writing(database, () => move(stretch)));
      after = moved.through;
      if (moved.rows > 0) raise.later();
      yield moved.rows;
    }
  }
  if (readHiding(database, deletion) === null) return;
  // Safe on the disk when this returns, and with it all that was moved before.
  const finish = database.transaction(() => {
    database.prepare("UPDATE hiding SET is_done = 1 WHERE deletion = ?").run(deletion.id);
    database.exec(RAISE);
  });
  finish.immediate();
}

interface Moved extends Stretch {
  deletion: string;
}

const MOVED = "id > @after AND id <= @through AND deletion = @deletion";

/**
 * Overwrites payloads in their places. Deleting rows moves others within the file, and leaves copies of them in
 * the gaps between: `secure_delete` alone would leave payloads there.
 */
const erasing = (table: string, condition: string): string =>
  `UPDATE ${table} SET payload = zeroblob(length(payload)) WHERE ${condition}`;

/** @returns moves what one transaction may: up to `through`. */
function prepareHide(
  database: Database,
  { id: deletion }: Deletion,
  rows: SelectedRows,
): (stretch: Stretch) => { rows: number; through: number } {
  const note = database.prepare<[string]>("INSERT OR IGNORE INTO hiding VALUES (?, 0, 0, 0)");
  const insert = database.prepare<[Record<string, number | string>]>(
    `INSERT INTO hidden_rows (id, deletion, ${COLUMNS})
     SELECT id, @deletion, ${COLUMNS} FROM rows
     WHERE ${rows.condition} AND ${rows.indexedTopicCondition()} ORDER BY id LIMIT ${ROWS_MAX}`,
  );
  // The newest ids must not be given out again.
  const keepIds = database.prepare(
    "UPDATE segment SET next_id = max(next_id, (SELECT coalesce(max(id), 0) + 1 FROM rows))",
  );
  const moved = `id IN (SELECT id FROM hidden_rows WHERE ${MOVED})`;
  const erase = database.prepare<[Moved]>(erasing("rows", moved));
  const remove = database.prepare<[Moved]>(`DELETE FROM rows WHERE ${moved}`);
  const count = database.prepare<[{ rows: number; through: number; deletion: string }]>(
    "UPDATE hiding SET rows = rows + @rows, through = @through WHERE deletion = @deletion",
  );
  const move = database.transaction((stretch: Stretch) => {
    const { changes, lastInsertRowid } = insert.run({ ...rows.bind(stretch), deletion });
    if (changes === 0) return { rows: 0, through: stretch.through };
    const through = changes === ROWS_MAX ? Number(lastInsertRowid) : stretch.through;
    keepIds.run();
    const done = { after: stretch.after, through, deletion };
    erase.run(done);
    remove.run(done);
    note.run(deletion);
    count.run({ rows: changes, through, deletion });
    return { rows: changes, through };
  });
  return move.immediate;
}

/**
 * Brings back the rows that a deletion has hidden. Those that another one means, too, become hidden by that one.
 *
 * @param others the deletions of the stream whose rows are hidden.
 */
export function* restoreRows(
  database: Database,
  deletion: Deletion,
  { segment, others }: { segment: string; others: readonly Deletion[] },
): RowsWork {
  const known = readHiding(database, deletion);
  if (known === null) return;
  using stack = new DisposableStack();
  const heirs: { deletion: Deletion; rows: SelectedRows }[] = [];
  for (const other of others) {
    const name = `heir_${other.id}`;
    const rows = stack.use(new SelectedRows(database, other, { segment, name }));
    yield* rows.collectTopics();
    heirs.push({ deletion: other, rows });
  }
  const handOver = heirs.map((heir) => prepareHandOver(database, deletion, heir));
  const restore = database.prepare<[Moved]>(
    `INSERT INTO rows (id, ${COLUMNS}) SELECT id, ${COLUMNS} FROM hidden_rows WHERE ${MOVED}`,
  );
  const forget = prepareForget(database);
  const raise = prepareRaise(database);
  const move = database.transaction((moved: Moved) => {
    for (const give of handOver) give(moved);
    restore.run(moved);
    return forget(moved);
  });
  for (const stretch of stretchesOfHidden(database)) {
    const moved = { after: stretch.after, through: stretch.through, deletion: deletion.id };
    const rows = stretch.timed(() => writing(database, () => move.immediate(moved)));
    if (rows > 0) raise.later();
    yield rows;
  }
  forgetHiding(database, deletion, RAISE);
}

/** @returns removes hidden rows. Call it inside a transaction. */
function prepareForget(database: Database): (moved: Moved) => number {
  const erase = database.prepare<[Moved]>(erasing("hidden_rows", MOVED));
  const remove = database.prepare<[Moved]>(`DELETE FROM hidden_rows WHERE ${MOVED}`);
  return (moved) => {
    erase.run(moved);
    return remove.run(moved).changes;
  };
}

/** @returns makes another deletion the one that hides rows. */
function prepareHandOver(
  database: Database,
  from: Deletion,
  { deletion: { id: heir }, rows }: { deletion: Deletion; rows: SelectedRows },
): (moved: Moved) => void {
  const update = database.prepare<[Record<string, number | string>]>(
    `UPDATE hidden_rows AS rows SET deletion = @heir
     WHERE deletion = @deletion AND ${rows.condition} AND ${rows.topicCondition()}`,
  );
  const note = database.prepare<[string, number]>(
    `INSERT INTO hiding VALUES (?, 0, ?, 0)
     ON CONFLICT DO UPDATE SET rows = rows + excluded.rows`,
  );
  return (moved) => {
    const { changes } = update.run({ ...rows.bind(moved), deletion: from.id, heir });
    if (changes > 0) note.run(heir, changes);
  };
}

/**
 * Removes the rows that a deletion has hidden for good: their bytes in the file are overwritten. The finalizer
 * gives back their space when the segment is closed.
 */
export function* removeRows(database: Database, deletion: Deletion): RowsWork {
  if (readHiding(database, deletion) === null) return;
  const moveAll = function* (sql: string): RowsWork {
    const statement = database.prepare<[Moved]>(sql);
    for (const { after, through, timed } of stretchesOfHidden(database)) {
      const moved = { after, through, deletion: deletion.id };
      yield timed(() => writing(database, () => statement.run(moved).changes));
    }
  };
  // All are overwritten before the first one is removed: see `erasing`.
  for (const _ of moveAll(erasing("hidden_rows", MOVED))) yield 0;
  yield* moveAll(`DELETE FROM hidden_rows WHERE ${MOVED}`);
  // The write-ahead log has copies of their pages, until the last reader that began before lets it start over.
  while (!emptyLog(database)) yield 0;
  forgetHiding(database, deletion, `CREATE TABLE IF NOT EXISTS ${GAPS} (singleton INTEGER)`);
}

/** Stands in a segment from which rows were removed, until its file was written again. */
const GAPS = "gaps";

/** Writes the file of a closed segment again if rows were removed from it: what they left goes with their space. */
export function closeGaps(database: Database): void {
  const select = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?");
  if (select.get(GAPS) === undefined) return;
  database.exec("VACUUM");
  database.exec(`DROP TABLE ${GAPS}`);
}

/** Stretches of ids that hold hidden rows, of whatever deletion. */
function* stretchesOfHidden(
  database: Database,
): Generator<Stretch & { timed: <T>(task: () => T) => T }> {
  const select = database
    .prepare<[number, number], number | null>(
      "SELECT max(id) FROM (SELECT id FROM hidden_rows WHERE id > ? ORDER BY id LIMIT +?)",
    )
    .pluck();
  const stretches = new Stretches();
  for (let after = 0; ; ) {
    const { through: limit } = stretches.next(0, ROWS_MAX);
    const through = select.get(after, limit) ?? null;
    if (through === null) return;
    yield { after, through, timed: (task) => stretches.timed(task) };
    after = through;
  }
}

/** The last transaction of a deletion in a segment; it is safe on the disk when this returns. */
function forgetHiding(database: Database, { id }: Deletion, also = ""): void {
  const forget = database.transaction(() => {
    database.prepare("DELETE FROM hiding WHERE deletion = ?").run(id);
    database.exec(also);
  });
  forget.immediate();
}

/** Raises the generation from time to time: readers that start again take a while. */
function prepareRaise(database: Database): { later: () => void } {
  const raise = database.prepare(RAISE);
  let raisedMs = performance.now();
  return {
    later: () => {
      if (performance.now() - raisedMs < RAISE_INTERVAL_MS) return;
      raise.run();
      raisedMs = performance.now();
    },
  };
}

/**
 * Runs a transaction that does not wait for the disk, since a later one does, and that overwrites what it
 * deletes.
 */
function writing<T>(database: Database, transaction: () => T): T {
  using _relaxed = relaxSync(database);
  const before = database.pragma("secure_delete", { simple: true });
  database.pragma("secure_delete = ON");
  try {
    return transaction();
  } finally {
    database.pragma(`secure_delete = ${before}`);
  }
}
