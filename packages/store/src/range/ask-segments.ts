import { openForReading } from "./open-segment.ts";
import type { StreamPlace } from "./query.ts";
import { firstSegment, segmentAfter } from "./segments.ts";
import { CLOCK_STEP_US_MAX } from "./time-bounds.ts";

/** A statement that is run on each segment of a stream by itself. */
export interface Question {
  sql: string;
  parameters: Readonly<Record<string, string | number>>;
  /** Segments that end before this are left out, in microseconds since the epoch. */
  fromUs: number;
}

/**
 * What SQL says of each segment, oldest first: for checks, which may take their time.
 *
 * @returns the first row of each answer.
 * @throws what SQLite says.
 */
export function askSegments<Answer>(
  place: StreamPlace,
  { sql, parameters, fromUs }: Question,
): Answer[] {
  const answers: Answer[] = [];
  let segment = firstSegment(place, fromUs - CLOCK_STEP_US_MAX);
  while (segment !== null) {
    const database = openForReading(segment.file);
    try {
      const answer = database.prepare<[Question["parameters"]], Answer>(sql).get(parameters);
      if (answer !== undefined) answers.push(answer);
    } finally {
      database.close();
    }
    segment = segmentAfter(place, segment.name);
  }
  return answers;
}
