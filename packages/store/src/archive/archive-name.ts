import { existsSync } from "node:fs";

const DATABASE = /\.db$/;
const ARCHIVE = /(?<=\.\d{6}Z)\.parquet/;

/** The file that replaces a segment's database when it is archived. */
export function archiveOf(file: string): string {
  return file.replace(DATABASE, ".parquet");
}

/**
 * The name of the segment that an archive was made of, also with something behind it (`….parquet.making`); any
 * other name stays as it is.
 */
export function segmentOfArchive(name: string): string {
  return name.replace(ARCHIVE, ".db");
}

/** Whether a segment is a Parquet file by now. Where both files are there, the database counts. */
export function isArchived(file: string): boolean {
  return !existsSync(file) && existsSync(archiveOf(file));
}

/** Whether a segment is there, in the one form or the other. */
export function segmentExists(file: string): boolean {
  return existsSync(file) || existsSync(archiveOf(file));
}
