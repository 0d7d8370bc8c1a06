import { zstdDecompressSync } from "node:zlib";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";

/** Of zlib's option. */
const CHUNK_BYTES_MIN = 64;

/** In one piece: zlib joins pieces of 16 KiB otherwise. */
function decompress(page: Uint8Array, bytes: number): Uint8Array {
  const limit = Math.max(bytes, CHUNK_BYTES_MIN);
  return zstdDecompressSync(page, { chunkSize: limit, maxOutputLength: limit });
}

/** The one codec of archives. */
export const CODECS = { ZSTD: decompress };

const LENGTH_BYTES = 4;

/**
 * Takes some values out of a column of bytes, and passes over the others: that is much faster than an object for
 * each of them.
 *
 * @param chunk the column chunk: one page.
 * @param rows rising places in it.
 * @returns the values at these places.
 */
export function pickBytes(chunk: Buffer, rows: readonly number[]): (Uint8Array | null)[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const reader = { view, offset: 0 };
  const { data_page_header_v2: about, uncompressed_page_size: pageBytes } = parquetHeader(reader);
  if (about === undefined || about.encoding !== "PLAIN") {
    throw new TypeError("payloads are not in one plain page");
  }
  const levelBytes = about.definition_levels_byte_length;
  const levels = new Array<number>(about.num_values);
  const start = reader.offset;
  readRleBitPackedHybrid(reader, 1, levels, levelBytes);
  const rest = chunk.subarray(start + levelBytes);
  const page = decompressPage(rest, pageBytes - levelBytes, "ZSTD", CODECS);
  const values = new DataView(page.buffer, page.byteOffset, page.byteLength);

  let row = 0;
  let at = 0;
  return rows.map((wanted) => {
    for (; row < wanted; row += 1) {
      if (levels[row] === 1) at += LENGTH_BYTES + values.getUint32(at, true);
    }
    if (levels[row] !== 1) return null;
    return page.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + values.getUint32(at, true));
  });
}
