import { crc32 } from "node:zlib";
import type { FileMetaData } from "hyparquet";
import { type ArchiveFacts, COLUMNS, parseFacts, UnreadableArchive } from "./archive-schema.ts";

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

/** The row groups of a file that is being written, in the order of their ids. */
export function layoutOf(groups: FileMetaData["row_groups"]): GroupLayout[] {
  return groups.map((group) => {
    const chunks = COLUMNS.map(({ name }, index) => {
      const chunk = group.columns[index]?.meta_data;
      if (chunk?.path_in_schema[0] === name) return chunk;
      throw new TypeError(`there is no column ${name}`);
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

const MAGIC = "WEIR";

/** What ends the summary: its length, its checksum, and the magic bytes. */
export const TRAILER_BYTES = 12;

/**
 * What a reader needs of the footer, in brief: it stands before that, where other programs do not look. The footer
 * itself takes twenty times as long to parse, and has no checksum.
 */
export function renderSummary(facts: ArchiveFacts, groups: readonly GroupLayout[]): Buffer {
  const content = Buffer.from(JSON.stringify({ facts, groups }));
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(content.length, 0);
  trailer.writeUInt32LE(crc32(content), 4);
  trailer.write(MAGIC, 8, "latin1");
  return Buffer.concat([content, trailer]);
}

/** Reads the trailer of a summary. @returns the length of the summary without it. @throws UnreadableArchive */
export function summaryBytes(trailer: Buffer): number {
  if (trailer.toString("latin1", 8) === MAGIC) return trailer.readUInt32LE(0);
  throw new UnreadableArchive("it is not an archive of Weir");
}

/** @throws UnreadableArchive */
export function parseSummary(content: Buffer, trailer: Buffer) {
  if (crc32(content) !== trailer.readUInt32LE(4)) {
    throw new UnreadableArchive("the summary of its footer has changed since it was written");
  }
  const { facts, groups } = JSON.parse(content.toString());
  // The checksum says that this is what was written.
  return { facts: parseFacts(facts), groups: groups as readonly GroupLayout[] };
}
