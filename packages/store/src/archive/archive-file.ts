import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorMessage } from "@weir/runtime";
import type { DecodedArray, SchemaElement } from "hyparquet";
import { readColumn } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { parquetSchema } from "hyparquet/src/metadata.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { type GroupLayout, parseSummary, summaryBytes, TRAILER_BYTES } from "./archive-layout.ts";
import { CODECS, pickBytes } from "./archive-page.ts";
import {
  type ArchiveFacts,
  COLUMNS,
  type ColumnName,
  SCHEMA,
  UnreadableArchive,
} from "./archive-schema.ts";

const PARSERS = { ...DEFAULT_PARSERS, timestampFromMicroseconds: Number };
const ROOT = parquetSchema({ schema: SCHEMA });
/** Columns that are taken as they are in the file: as bytes and numbers. */
const PHYSICAL: Partial<Record<ColumnName, SchemaElement>> = {
  text: { name: "text", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
  received: { name: "received", type: "INT64", repetition_type: "REQUIRED" },
};
const MAGIC = "PAR1";
/** The length of the footer, and the magic bytes. */
const TAIL_BYTES = 8;

/**
 * An archive, of which each column of each row group is read by itself, and synchronously: hyparquet's public
 * functions are promises, its parts are not.
 *
 * @throws UnreadableArchive, from everything that reads, when the file is damaged or something else.
 */
export class ArchiveFile implements Disposable {
  readonly facts: ArchiveFacts;
  /** In the order of their ids. */
  readonly groups: readonly GroupLayout[];
  /** The last id that was given out in the segment. */
  readonly givenId: number;
  readonly ino: number;
  readonly #descriptor: number;
  readonly #bytes: number;

  /** @throws as `node:fs` does when the file is not there. */
  constructor(file: string) {
    this.#descriptor = openSync(file, "r");
    try {
      const { size, ino } = fstatSync(this.#descriptor);
      this.#bytes = size;
      this.ino = ino;
      const { facts, groups } = orUnreadable(() => this.#readSummary());
      this.facts = facts;
      this.groups = groups;
      this.givenId = Math.max(this.facts.nextId - 1, this.groups.at(-1)?.lastId ?? 0);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  /**
   * One column of a row group. Payloads are bytes, times of reception whole numbers.
   *
   * @param textOf what stands for a text; it is asked once for each entry of a dictionary.
   */
  column(
    group: number,
    name: ColumnName,
    textOf: (bytes: Uint8Array) => unknown = PARSERS.stringFromBytes,
  ): DecodedArray {
    return orUnreadable(() => this.#decode(group, name, textOf));
  }

  /** Payloads at these rising places in a row group. */
  payloadsAt(group: number, rows: readonly number[]): Uint8Array[] {
    return orUnreadable(() => {
      const texts = pickBytes(this.#chunk(group, "text").bytes, rows);
      if (!texts.includes(null)) return texts as Uint8Array[];
      const others = pickBytes(this.#chunk(group, "payload").bytes, rows);
      return texts.map((text, at) => text ?? (others[at] as Uint8Array));
    });
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #readSummary() {
    const tailAt = this.#bytes - TAIL_BYTES;
    const tail = this.#read(tailAt, this.#bytes);
    if (tail.toString("latin1", TAIL_BYTES - MAGIC.length) !== MAGIC) {
      throw new UnreadableArchive("it is not a complete Parquet file");
    }
    const trailerAt = tailAt - tail.readUInt32LE(0) - TRAILER_BYTES;
    const trailer = this.#read(trailerAt, trailerAt + TRAILER_BYTES);
    const content = this.#read(trailerAt - summaryBytes(trailer), trailerAt);
    return parseSummary(content, trailer);
  }

  /** The bytes of one column of a row group. */
  #chunk(group: number, name: ColumnName) {
    const index = COLUMNS.findIndex((column) => column.name === name);
    const element = COLUMNS[index];
    const { rows, columns } = this.groups[group] ?? {};
    const chunk = columns?.[index];
    if (element === undefined || rows === undefined || chunk === undefined) {
      throw new RangeError(`there is no column ${name} in row group ${group}`);
    }
    return { element, rows, bytes: this.#read(chunk.start, chunk.start + chunk.bytes) };
  }

  #decode(group: number, name: ColumnName, textOf: (bytes: Uint8Array) => unknown): DecodedArray {
    const { element, rows, bytes } = this.#chunk(group, name);
    const { data } = readColumn(
      { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 },
      { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows },
      {
        pathInSchema: [name],
        type: element.type,
        element: PHYSICAL[name] ?? element,
        schemaPath: getTreePath(ROOT, [name]),
        codec: "ZSTD",
        parsers: { ...PARSERS, stringFromBytes: textOf },
        compressors: CODECS,
        utf8: false,
      },
    );
    const [column = [], ...others] = data;
    const whole = others.length === 0 ? column : data.flatMap((page) => Array.from(page));
    if (whole.length !== rows) throw new UnreadableArchive(`rows are missing in column ${name}`);
    return whole;
  }

  #read(start: number, end: number): Buffer {
    if (start < 0 || end > this.#bytes || start > end) {
      throw new UnreadableArchive("it is shorter than its footer says");
    }
    const bytes = Buffer.allocUnsafeSlow(end - start);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.#descriptor, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw new UnreadableArchive("it became shorter");
      at += read;
    }
    return bytes;
  }
}

/** Everything but what the system says of the file is damage in it. */
function orUnreadable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableArchive || (error instanceof Error && "syscall" in error))
      throw error;
    throw new UnreadableArchive(errorMessage(error), { cause: error });
  }
}
