/**
 * Parquet's encoding DELTA_BINARY_PACKED for whole numbers. What is stored is the difference of each number to the
 * one before, above the smallest difference of a block, in as many bits as the largest of 32 needs.
 *
 * The work is done on ordinary numbers: a BigInt costs some 50 ns each. Differences of differences have to be exact
 * then, which bounds the numbers.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/Encodings.md
 */

import { BLOCK, BYTE_BITS, DeltaBlock, GROUPS, OUTLIER_BITS, SHARED } from "./delta-block.ts";
import { VarintReader, writeNumber, writeSigned } from "./varints.ts";

/** Whole numbers up to this, and down to its negative, can be encoded. */
export const ENCODED_MAX = 2 ** 50;
/** Decoding reads up to eight bytes at once. */
export const SPARE_BYTES = 8;

/** What is read may have larger blocks than what is written. */
const BLOCK_MAX = 65_536;
/** Up to this width a number lies in four bytes, wherever among the bits it begins. */
const NARROW_BITS_MAX = 25;
const WORD = 2 ** 32;

/** No more than this many bytes come out for so many numbers. */
export function encodedBytesMax(count: number): number {
  return 32 + Math.ceil(count / BLOCK) * (8 + GROUPS + BLOCK * 8);
}

/**
 * Encodes the first `count` numbers: whole, and within `ENCODED_MAX`.
 *
 * @param bytes where they go, from its beginning on: at least `encodedBytesMax(count)`.
 * @returns how many bytes were written.
 */
export function encodeDeltas(numbers: Float64Array, count: number, bytes: Uint8Array): number {
  let at = writeNumber(bytes, 0, BLOCK);
  at = writeNumber(bytes, at, GROUPS);
  at = writeNumber(bytes, at, count);
  at = writeSigned(bytes, at, count === 0 ? 0 : (numbers[0] as number));
  const block = new DeltaBlock();
  for (let from = 1; from < count; from += BLOCK) {
    block.take(numbers, from, count);
    const { base, widths } = block;
    at = writeSigned(bytes, at, base);
    bytes.set(widths, at);
    at += GROUPS;
    for (let group = 0; group < block.groups; group++) {
      const width = widths[group] as number;
      pack(block.deltas, group * SHARED, base, width, bytes, at);
      at += width * (SHARED / 8);
    }
  }
  return at;
}

/**
 * Decodes numbers within `ENCODED_MAX`.
 *
 * @param bytes the encoded ones, and `SPARE_BYTES` more.
 * @param count how many there have to be.
 * @throws Error for bytes that cannot be what was written.
 */
export function decodeDeltas(bytes: Uint8Array, count: number): Float64Array {
  const numbers = new Float64Array(count);
  const reader = new VarintReader(bytes);
  const block = reader.number();
  const groups = reader.number();
  const shared = block / groups;
  const found = reader.number();
  if (found !== count || shared % SHARED !== 0 || block > BLOCK_MAX) {
    throw new Error(`${groups} groups of ${shared} and ${found} numbers in place of ${count}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last = reader.signed();
  if (count > 0) numbers[0] = last;
  for (let from = 1; from < count; ) {
    const least = reader.signed();
    const widthsAt = reader.at;
    reader.at += groups;
    for (let group = 0; group < groups && from < count; group++) {
      const width = bytes[widthsAt + group] ?? -1;
      if (width > NARROW_BITS_MAX && width !== OUTLIER_BITS) {
        throw new Error(`numbers of ${width} bits`);
      }
      const to = Math.min(count, from + shared);
      if (width <= NARROW_BITS_MAX) {
        const mask = 2 ** width - 1;
        let bit = reader.at * 8;
        for (let index = from; index < to; index++) {
          last += least + ((view.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask);
          numbers[index] = last;
          bit += width;
        }
      } else {
        let at = reader.at;
        for (let index = from; index < to; index++) {
          // Of a negative number, the upper half is negative.
          last += least + view.getInt32(at + 4, true) * WORD + view.getUint32(at, true);
          numbers[index] = last;
          at += 8;
        }
      }
      reader.at += (width * shared) / 8;
      from = to;
    }
  }
  if (reader.at > bytes.length - SPARE_BYTES) throw new Error("its numbers are cut off");
  return numbers;
}

function pack(
  deltas: Float64Array,
  first: number,
  base: number,
  width: number,
  bytes: Uint8Array,
  start: number,
): void {
  let at = start;
  if (width === OUTLIER_BITS) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, width * (SHARED / 8));
    for (let index = 0; index < SHARED; index++) {
      const above = (deltas[first + index] as number) - base;
      const upper = Math.floor(above / WORD);
      view.setUint32(index * 8, above - upper * WORD, true);
      view.setInt32(index * 8 + 4, upper, true);
    }
    return;
  }
  if (width === BYTE_BITS) {
    for (let index = first; index < first + SHARED; index++) {
      bytes[at++] = (deltas[index] as number) - base;
    }
    return;
  }
  let pending = 0;
  let bits = 0;
  for (let index = first; index < first + SHARED; index++) {
    // Fewer than eight bits are pending, so that all fit into 32.
    pending |= ((deltas[index] as number) - base) << bits;
    bits += width;
    while (bits >= 8) {
      bytes[at++] = pending;
      pending >>>= 8;
      bits -= 8;
    }
  }
}
