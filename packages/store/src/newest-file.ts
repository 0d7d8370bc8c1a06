import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StreamPlace } from "./range/query.ts";
import { listSegmentFolder } from "./rotation/segment-folder.ts";

/**
 * The file that a stream's newest rows are in.
 *
 * @returns `null` while there is none.
 */
export function newestFileOf(place: StreamPlace, stream: string): string | null {
  if (place.kind === "file") return existsSync(place.file) ? place.file : null;
  if (!existsSync(place.folder)) return null;
  const newest = listSegmentFolder(place.folder, stream).segments.at(-1);
  return newest === undefined ? null : join(place.folder, newest.name);
}
