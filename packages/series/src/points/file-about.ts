import type { Progress } from "../catalogue/stream-catalogue.ts";
import type { Level } from "./merge-plan.ts";
import type { RowSpan } from "./points-index.ts";

/** What a file of points says of itself, so that an index that is lost can be made again from the files. */
export interface FileAbout {
  stream: string;
  number: number;
  part: string;
  level: Level;
  /** See `PlannedFile`. */
  arrival: number;
  /** The rows that its points are of. */
  of: RowSpan;
  /** The number of the first file of its flush; of a merged file, of the last flush before it. */
  flush: number;
  /** Up to which row all points are in files: by the last file of a flush, and by merged ones. */
  through: Progress | null;
  /** The numbers of the files that this one has replaced. */
  replaces: readonly number[];
}

const KEY = "weir.history";

/** As metadata of the file. */
export function metadataOf(about: FileAbout): Record<string, string> {
  return { [KEY]: JSON.stringify(about) };
}

/** @returns `null` for a file that says nothing of this kind. */
export function aboutOf(metadata: readonly { key: string; value?: string }[]): FileAbout | null {
  const text = metadata.find(({ key }) => key === KEY)?.value;
  // Only `metadataOf` writes this key.
  return text === undefined ? null : (JSON.parse(text) as FileAbout);
}
