import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Encoding, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { encodedBytesMax, SPARE_BYTES } from "./deltas.ts";
import { writeNumber } from "./varints.ts";

/**
 * Pages of a Parquet file: a header, how many rows have a value, and the values, compressed. Each has a checksum.
 *
 * Source: https://github.com/apache/parquet-format#data-pages
 */
export interface Page {
  /** As they are in the file. */
  bytes: Uint8Array;
  /** Their number if nothing was compressed. */
  uncompressedBytes: number;
}

export interface OpenedPage {
  header: PageHeader;
  body: Buffer;
  /** The bytes of both. */
  length: number;
}

/** Rows of a page, at most: what is decoded at once for one point of it. */
export const PAGE_ROWS_MAX = 65_536;
const HEADER_BYTES_MAX = 128;
/** More is not read for a page of numbers. */
export const PAGE_BYTES_MAX = encodedBytesMax(PAGE_ROWS_MAX) + HEADER_BYTES_MAX;
/** What zlib demands, at least, for the buffer that it fills. */
const CHUNK_BYTES_MIN = 64;
/** With one buffer for all, nothing is copied: a double for each row is the most that a page holds. */
const CHUNK_BYTES_MAX = PAGE_ROWS_MAX * 8;

/** Higher levels take off 1 % more of what is packed already, in twice the time. */
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 3 };

/**
 * @param present whether each row has a value, or none has; `null` for a column that always has one.
 * @param values the encoded values.
 */
export function dataPage(
  rows: number,
  present: boolean | null,
  encoding: Encoding,
  values: Uint8Array,
): Page {
  const levels = present === null ? new Uint8Array(0) : sameLevels(rows, present);
  const compressed = compress(values);
  const isCompressed = compressed.length < values.length;
  return page(
    {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: levels.length + values.length,
      compressed_page_size: levels.length + (isCompressed ? compressed : values).length,
      data_page_header_v2: {
        num_values: rows,
        num_nulls: present === false ? rows : 0,
        num_rows: rows,
        encoding,
        definition_levels_byte_length: levels.length,
        repetition_levels_byte_length: 0,
        is_compressed: isCompressed,
      },
    },
    [levels, isCompressed ? compressed : values],
  );
}

/** @param values of which there are `count`, encoded as PLAIN. */
export function dictionaryPage(count: number, values: Uint8Array): Page {
  const compressed = compress(values);
  return page(
    {
      type: "DICTIONARY_PAGE",
      uncompressed_page_size: values.length,
      compressed_page_size: compressed.length,
      dictionary_page_header: { num_values: count, encoding: "PLAIN" },
    },
    [compressed],
  );
}

/**
 * Splits a page into its header and the rest.
 *
 * @param bytes from its beginning on. What follows it is left.
 * @throws Error saying what is wrong, when it is not what was written.
 */
export function openPage(bytes: Uint8Array): OpenedPage {
  const headerBytesMax = Math.min(bytes.length, HEADER_BYTES_MAX);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, headerBytesMax), offset: 0 };
  const header = parquetHeader(reader);
  const end = reader.offset + header.compressed_page_size;
  if (!(end <= bytes.length)) throw new Error("it is cut off");
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + reader.offset, end - reader.offset);
  if (header.crc !== (crc32(body) | 0)) throw new Error("its checksum is wrong");
  return { header, body, length: end };
}

/**
 * The encoded values of a data page that `dataPage` has made, and `SPARE_BYTES` more.
 *
 * @throws Error saying what is wrong, when it is not what was written.
 */
export function valuesOf(bytes: Uint8Array, rows: number): Uint8Array {
  const { header, body, length } = openPage(bytes);
  const about = header.data_page_header_v2;
  if (header.type !== "DATA_PAGE_V2" || about === undefined) throw new Error("it is no page");
  if (about.num_rows !== rows) throw new Error(`it has ${about.num_rows} rows in place of ${rows}`);
  if (length !== bytes.length)
    throw new Error(`it has ${length} bytes in place of ${bytes.length}`);
  const levels = about.definition_levels_byte_length;
  const size = header.uncompressed_page_size - levels;
  const packed = body.subarray(levels);
  const values = about.is_compressed ? unpack(packed, size) : packed;
  if (values.length !== size) throw new Error(`it unpacks to ${values.length} bytes, not ${size}`);
  const padded = new Uint8Array(size + SPARE_BYTES);
  padded.set(values);
  return padded;
}

/** Decompresses what takes so many bytes. */
export function unpack(packed: Uint8Array, size: number): Buffer {
  const chunkSize = Math.min(size, CHUNK_BYTES_MAX) + CHUNK_BYTES_MIN;
  return zstdDecompressSync(packed, { chunkSize, maxOutputLength: size });
}

function compress(values: Uint8Array): Buffer {
  return zstdCompressSync(values, { params: LEVEL, chunkSize: values.length + CHUNK_BYTES_MIN });
}

function page(header: PageHeader, parts: readonly Uint8Array[]): Page {
  const body = Buffer.concat(parts);
  const writer = new ByteWriter(HEADER_BYTES_MAX);
  writePageHeader(writer, { ...header, crc: crc32(body) | 0 });
  const headerBytes = writer.getBytes();
  return {
    bytes: Buffer.concat([headerBytes, body]),
    uncompressedBytes: headerBytes.length + header.uncompressed_page_size,
  };
}

/** One run of one bit: the rows all have a value, or none has. */
export function sameLevels(rows: number, present: boolean): Uint8Array {
  const bytes = new Uint8Array(8);
  const end = writeNumber(bytes, 0, rows * 2);
  bytes[end] = Number(present);
  return bytes.subarray(0, end + 1);
}
