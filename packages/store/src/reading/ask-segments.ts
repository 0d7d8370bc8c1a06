import { Fault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { type ArchivePart, openAsDatabase } from "../archive/archive-database.ts";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import type { StreamPlace } from "./query.ts";
import {
  firstSegment,
  isBusy,
  openForReading,
  type Segment,
  segmentAfter,
  segmentsOf,
  skippedBecause,
} from "./segments.ts";

/**
 * How far a stream reaches: its newest segment, the newest id that was given out in it, and when the newest row
 * was received.
 *
 * @returns `null` while nothing is stored, and when the segment cannot be read now.
 */
export function streamEnd(
  place: StreamPlace,
): { segment: string; id: number; receivedUs: number | null } | null {
  const last = segmentsOf(place).at(-1);
  if (last === undefined) return null;
  try {
    // Of an archive no row group but the last one may matter.
    const end = inSegment(last, { lastGroups: 1 }, (database) =>
      database.prepare<[], { id: number; receivedUs: number | null }>(END).get(),
    );
    return end === undefined ? null : { segment: last.name, ...end };
  } catch (error) {
    if (error instanceof Fault && isBusy(error.cause)) return null;
    throw error;
  }
}

const END = `
SELECT max(next_id - 1, (SELECT coalesce(max(id), 0) FROM rows)) AS id,
       (SELECT received_us FROM rows ORDER BY id DESC LIMIT 1) AS receivedUs
FROM segment`;

/**
 * Runs a statement on each segment by itself, oldest first: for checks, which may take a while. A segment that is
 * damaged or was just removed has no answer, as it has no rows for those who follow the stream.
 *
 * @param question.fromUs leaves out segments that end before this, in microseconds since the epoch.
 * @returns the first row of each answer.
 * @throws Fault when a segment cannot be read for another reason.
 */
export function askSegments<Answer>(
  place: StreamPlace,
  question: {
    sql: string;
    parameters: Readonly<Record<string, string | number>>;
    fromUs: number;
  },
): Answer[] {
  const { sql, parameters, fromUs } = question;
  const answers: Answer[] = [];
  let segment = firstSegment(place, fromUs);
  while (segment !== null) {
    const answer = inSegment(segment, { fromUs }, (database) =>
      database.prepare<[typeof parameters], Answer>(sql).get(parameters),
    );
    if (answer !== undefined) answers.push(answer);
    segment = segmentAfter(place, segment.name);
  }
  return answers;
}

/** What a segment answers; `undefined` for one that is damaged or was just removed. @throws Fault */
function inSegment<Answer>(
  segment: Segment,
  ofArchive: ArchivePart,
  ask: (database: Database) => Answer | undefined,
): Answer | undefined {
  try {
    const database = openForQuestions(segment, ofArchive);
    try {
      return ask(database);
    } finally {
      database.close();
    }
  } catch (error) {
    skippedBecause(error, segment);
    return undefined;
  }
}

/** Opens a segment; an archive is put into a database again. */
function openForQuestions({ file }: Segment, ofArchive: ArchivePart): Database {
  try {
    return openForReading(file);
  } catch (error) {
    // It may be archived at any moment.
    if (!isArchived(file)) throw error;
    return openAsDatabase(archiveOf(file), ofArchive);
  }
}
