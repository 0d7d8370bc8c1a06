import { OUTCOMES } from "@weir/protocol";
import type { Database } from "better-sqlite3";
import type { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { lastOfGroup, MESSAGE_COLUMNS, messagesOf, readEither } from "./newest-in-segment.ts";
import { READ_TRANSACTION_MS_MAX, type StoredMessage, type StreamPlace } from "./query.ts";
import { type Segment, segmentsOf } from "./segments.ts";

/** So many of the newest rows are looked at: most rows are fine, and no index says which are not. */
const FLAGGED_ROWS_MAX = 200_000;
/** Rows that are looked at between two looks at the clock. */
const STRETCH_ROWS = 4_096;

/** The newest rows with a doubt. */
export interface NewestFlagged {
  /** The oldest of them first. */
  messages: StoredMessage[];
  /** Whether it looked at as many rows as it had to: false where a bound ended it before. */
  isComplete: boolean;
}

const FINE = OUTCOMES.filter(({ kind }) => kind !== "flagged" && kind !== "rejected").map(
  ({ code }) => code,
);
const FINE_CODES: ReadonlySet<number> = new Set(FINE);

/**
 * Reads the newest messages that were flagged or rejected, for up to `READ_TRANSACTION_MS_MAX`. An outcome that is
 * not known here counts as one of them. Segments that are damaged are passed over.
 *
 * @param limit how many at most: all of them are in memory.
 * @param rowsMax how many of the newest rows are looked at.
 * @throws Fault when a segment cannot be read for a reason outside of it.
 */
export function readNewestFlagged(
  place: StreamPlace,
  { limit, rowsMax = FLAGGED_ROWS_MAX }: { limit: number; rowsMax?: number },
): NewestFlagged {
  const search = new Search(limit, rowsMax);
  for (const segment of segmentsOf(place).toReversed()) {
    if (search.isOver()) break;
    search.found.push(
      ...readEither(
        segment,
        (database) => flaggedInDatabase(database, segment, search),
        (archive) => flaggedInArchive(archive, segment, search),
      ),
    );
  }
  return { messages: search.found.reverse(), isComplete: !search.isCut };
}

/** How far a search has got, and when it ends. */
class Search {
  readonly found: StoredMessage[] = [];
  /** Whether it left out rows that it had to look at. */
  isCut = false;
  readonly #limit: number;
  readonly #deadlineMs: number = performance.now() + READ_TRANSACTION_MS_MAX;
  #rowsLeft: number;

  constructor(limit: number, rowsMax: number) {
    this.#limit = limit;
    this.#rowsLeft = rowsMax;
  }

  /** Before more rows are looked at. @param pending messages that are found and not in `found` yet. */
  isOver(pending = 0): boolean {
    if (this.left(pending) <= 0) return true;
    this.isCut = this.#rowsLeft <= 0 || performance.now() > this.#deadlineMs;
    return this.isCut;
  }

  left(pending = 0): number {
    return this.#limit - this.found.length - pending;
  }

  /** How many rows may be looked at without a look at the clock. */
  get stretch(): number {
    return Math.min(STRETCH_ROWS, this.#rowsLeft);
  }

  note(rows: number): void {
    this.#rowsLeft -= rows;
  }
}

const NEWEST_ID = "SELECT max(id) FROM rows WHERE id <= ?";

const FIRST_ID = "SELECT coalesce(min(id), 0) FROM rows";

const FLAGGED = `
SELECT ${MESSAGE_COLUMNS}
WHERE rows.id > ? AND rows.id <= ? AND outcome NOT IN (SELECT value FROM json_each(?))
ORDER BY rows.id DESC LIMIT +?`;

/** The newest first. */
function flaggedInDatabase(database: Database, segment: Segment, search: Search): StoredMessage[] {
  const newestId = database.prepare<[number], number | null>(NEWEST_ID).pluck();
  const flagged = database.prepare<[number, number, string, number], RawRow>(FLAGGED).raw();
  const firstId = database.prepare<[], number>(FIRST_ID).pluck().get() as number;
  const found: StoredMessage[] = [];
  // Ids that retention or a deletion has left out are jumped over.
  let last = newestId.get(Number.MAX_SAFE_INTEGER) ?? null;
  while (last !== null && !search.isOver(found.length)) {
    const before = Math.max(firstId - 1, last - search.stretch);
    const left = search.left(found.length);
    found.push(...messagesOf(flagged.all(before, last, JSON.stringify(FINE), left), segment));
    search.note(last - before);
    last = newestId.get(before) ?? null;
  }
  return found;
}

/** The newest first. */
function flaggedInArchive(archive: ArchiveFile, segment: Segment, search: Search): StoredMessage[] {
  const found: StoredMessage[] = [];
  for (let group = archive.groups.length - 1; group >= 0; group -= 1) {
    if (search.isOver(found.length)) break;
    const columns = new ArchiveGroup(archive, group);
    const { outcomes } = columns;
    const limit = search.left(found.length);
    const isFlagged = (row: number): boolean => !FINE_CODES.has(outcomes[row] as number);
    found.push(...lastOfGroup(columns, { segment, limit }, isFlagged));
    search.note(outcomes.length);
  }
  return found;
}
