import { crc32 } from "node:zlib";
import type { FileMetaData } from "hyparquet";
import { type ArchiveFacts, COLUMNS, UnreadableArchive } from "./archive-schema.ts";

/** Where the rows of a row group lie. Times of reception in microseconds since the epoch. */
export interface GroupLayout {
  rows: number;
  firstId: number;
  lastId: number;
  minUs: number;
  maxUs: number;
  /** In the order of `COLUMNS`. */
  columns: readonly { start: number; bytes: number }[];
}

/** The row groups of a file, in the order of their ids. @throws UnreadableArchive */
export function layoutOf(groups: FileMetaData["row_groups"]): GroupLayout[] {
  return groups.map((group) => {
    const chunks = COLUMNS.map(({ name }, index) => {
      const chunk = group.columns[index]?.meta_data;
      if (chunk?.path_in_schema[0] === name) return chunk;
      throw new UnreadableArchive(`it has no column ${name}`);
    });
    const [ids, times] = chunks.map(({ statistics }) => statistics);
    return {
      rows: Number(group.num_rows),
      firstId: Number(ids?.min_value),
      lastId: Number(ids?.max_value),
      minUs: Number(times?.min_value),
      maxUs: Number(times?.max_value),
      columns: chunks.map((chunk) => ({
        start: Number(chunk.dictionary_page_offset ?? chunk.data_page_offset),
        bytes: Number(chunk.total_compressed_size),
      })),
    };
  });
}

/** Each page has a checksum of its own; this one is for what a reader takes from the footer. */
export function checksumOf(facts: ArchiveFacts, layout: readonly GroupLayout[]): number {
  const { stream, createdUs, generation, nextId, sealedUs, successor } = facts;
  const about = [stream, createdUs, generation, nextId, sealedUs, successor];
  return crc32(JSON.stringify([about, layout]));
}
