import type { Database } from "better-sqlite3";
import { type ArchivePart, openAsDatabase } from "../archive/archive-database.ts";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import type { StreamPlace } from "./query.ts";
import {
  firstSegment,
  openForReading,
  type Segment,
  segmentAfter,
  skippedBecause,
} from "./segments.ts";

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
export function inSegment<Answer>(
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
