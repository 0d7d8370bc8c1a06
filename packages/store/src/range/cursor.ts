import { EXIT_CODES, Fault } from "@weir/fault";

/** A place in a stream, as text that can be kept: `segment:id`, behind the row with this id. */
export type Cursor = string;

/** What a cursor says. */
export interface Position {
  /** The segment's file name, without folders. */
  segment: string;
  /** 0 is before the first row. */
  id: number;
}

/** The longest file name of the usual file systems, and the largest id. */
const CURSOR_LENGTH_MAX = 255 + 1 + 16;
const CURSOR = /^(?<segment>[^/\0]+):(?<id>\d{1,16})$/s;

export function cursorAt({ segment, id }: Position): Cursor {
  return `${segment}:${id}`;
}

/** @throws Fault when the text is not a cursor. */
export function parseCursor(text: string): Position {
  const parts = text.length > CURSOR_LENGTH_MAX ? null : CURSOR.exec(text);
  const id = Number(parts?.groups?.id);
  if (parts?.groups?.segment === undefined || !Number.isSafeInteger(id)) throw cursorFault(text);
  return { segment: parts.groups.segment, id };
}

/** The id of the row that a cursor is behind; of a sound cursor, as it comes with each message. */
export function rowIdOf(cursor: Cursor): number {
  return Number(cursor.slice(cursor.lastIndexOf(":") + 1));
}

/** What to say of a cursor that does not belong to what is read. */
export function cursorFault(text: string, reason = "it has the form <segment>:<id>"): Fault {
  const shown = text.length > CURSOR_LENGTH_MAX ? `${text.slice(0, CURSOR_LENGTH_MAX)}…` : text;
  return new Fault(`cursor: ${JSON.stringify(shown)} is not a place in this stream: ${reason}`, {
    remedy: "Give the cursor as it was printed, with the same stream, or begin without one.",
    exitCode: EXIT_CODES.configuration,
  });
}
