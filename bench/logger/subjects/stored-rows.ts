import { newestFileOf, type StreamPlace } from "@weir/store";
import Sqlite, { type Database } from "better-sqlite3";

/** Follows how many rows Weir's logger has written, those that retention has removed included. */
export interface StoredRows extends Disposable {
  count(): number;
}

export interface FollowedStream {
  stream: string;
  place: StreamPlace;
}

interface OpenFile {
  file: string;
  database: Database;
  newestId: () => number;
}

// Ids count up from 1, and go on in the next segment.
const NEWEST_ID =
  "SELECT max(next_id - 1, (SELECT coalesce(max(id), 0) FROM rows)) AS id FROM segment";

/** Reads the files of streams while they are written. */
export function openStoredRows(streams: readonly FollowedStream[]): StoredRows {
  const files = new Map<string, OpenFile>();

  function newestId({ stream, place }: FollowedStream): number {
    const file = newestFileOf(place, stream);
    if (file === null) return 0;
    const known = files.get(stream);
    if (known?.file === file) return known.newestId();
    known?.database.close();
    const database = new Sqlite(file, { readonly: true, timeout: 0 });
    const select = database.prepare<[], number>(NEWEST_ID).pluck();
    const opened = { file, database, newestId: () => select.get() ?? 0 };
    files.set(stream, opened);
    return opened.newestId();
  }

  return {
    count: () => streams.reduce((sum, stream) => sum + newestId(stream), 0),
    [Symbol.dispose]: () => {
      for (const { database } of files.values()) database.close();
    },
  };
}
