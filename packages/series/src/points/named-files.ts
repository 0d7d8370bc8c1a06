import { hasHistory, whileReading } from "../index-file/index-file.ts";

/**
 * The files of points that an index names, as paths in the folder of the history.
 *
 * @returns none where there is no index, or it has no history yet.
 * @throws Fault for an index that cannot be read.
 */
export function namedFiles(indexFile: string): string[] {
  const paths = whileReading(indexFile, (database) => {
    if (!hasHistory(database)) return [];
    return database
      .prepare<[], string>(
        "SELECT 'stream=' || stream || '/month=' || month || '/' || name FROM files",
      )
      .pluck()
      .all();
  });
  return paths ?? [];
}
