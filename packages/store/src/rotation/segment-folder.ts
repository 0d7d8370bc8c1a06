import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DAY_FOLDER, MAKING, parseSegmentName, type SegmentName } from "./segment-name.ts";

/** What lies in a stream's folder. */
export interface FolderListing {
  /** Complete segments, in the order of their names: the last is the newest. */
  segments: SegmentName[];
  /** Files of segments that were never completed, as paths. */
  leftovers: string[];
  /** The time in the newest name, those of damaged and incomplete segments included. */
  newestUs: number | null;
}

/** Lists the segments of one stream; other files are passed over. */
export function listSegmentFolder(folder: string, stream: string): FolderListing {
  const listing: FolderListing = { segments: [], leftovers: [], newestUs: null };
  for (const day of readdirSync(folder)) {
    if (!DAY_FOLDER.test(day)) continue;
    for (const entry of readdirSync(join(folder, day))) {
      const parsed = parseSegmentName(stream, { day, entry });
      if (parsed === null) continue;
      const { suffix, ...segment } = parsed;
      listing.newestUs = Math.max(listing.newestUs ?? 0, segment.namedUs);
      if (suffix === "") listing.segments.push(segment);
      else if (suffix.startsWith(MAKING)) listing.leftovers.push(join(folder, day, entry));
    }
  }
  listing.segments.sort((a, b) => a.namedUs - b.namedUs);
  return listing;
}
