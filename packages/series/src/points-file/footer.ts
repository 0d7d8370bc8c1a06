import { crc32 } from "node:zlib";
import { type AsyncBuffer, type FileMetaData, parquetMetadata } from "hyparquet";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";

/** A file of Parquet begins and ends with it. */
export const MAGIC = Buffer.from("PAR1");
const CHECKSUM_BYTES = 4;
/** The length of the metadata, and the magic. */
const END_BYTES = 8;

/**
 * The end of a file: the metadata, before that its checksum, which Parquet does not know. Other programs look for
 * nothing there.
 */
export function footerOf(metadata: FileMetaData): Uint8Array {
  const writer = new ByteWriter();
  writeMetadata(writer, metadata);
  writer.appendBytes(MAGIC);
  const footer = writer.getBytes();
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(footer));
  return Buffer.concat([checksum, footer]);
}

/**
 * Reads the metadata of a file that `PointsFileWriter` has written.
 *
 * @throws Error saying what is wrong where it is not what was written.
 */
export async function readFooter(opened: AsyncBuffer): Promise<FileMetaData> {
  const { byteLength } = opened;
  const end = Buffer.from(await opened.slice(Math.max(0, byteLength - END_BYTES), byteLength));
  if (end.indexOf(MAGIC) !== 4) throw new Error("it does not end as a file of Parquet does");
  const bytes = CHECKSUM_BYTES + end.readUInt32LE(0) + END_BYTES;
  if (bytes > byteLength) throw new Error("its metadata is cut off");
  const whole = Buffer.from(await opened.slice(byteLength - bytes, byteLength));
  const footer = whole.subarray(CHECKSUM_BYTES);
  if (whole.readUInt32LE(0) !== crc32(footer)) throw new Error("its metadata has a wrong checksum");
  return parquetMetadata(footer);
}
