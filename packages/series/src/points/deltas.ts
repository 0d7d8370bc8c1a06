/**
 * Parquet's encoding DELTA_BINARY_PACKED for whole numbers. What is stored is the difference of each number to the
 * one before, above the smallest difference of a block, in as many bits as the largest of 32 needs.
 *
 * The work is done on ordinary numbers: a BigInt costs some 50 ns each. Differences of differences have to be exact
 * then, which bounds the numbers.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/Encodings.md
 */

/** Whole numbers up to this, and down to its negative, can be encoded. */
export const ENCODED_MAX = 2 ** 50;

const BLOCK = 128;
/** What is read may have larger blocks. */
const BLOCK_MAX = 65_536;
/** The numbers of a block that share a width in bits. */
const SHARED = 32;
const GROUPS = BLOCK / SHARED;
/** Up to this width a number lies in four bytes, wherever among the bits it begins. */
const NARROW_BITS_MAX = 25;
const BITS_MAX = 53;
const WORD = 2 ** 32;
/** Decoding reads up to eight bytes at once. */
export const SPARE_BYTES = 8;

/** No more than this many bytes come out for so many numbers. */
export function encodedBytesMax(count: number): number {
  return 32 + Math.ceil(count / BLOCK) * (8 + GROUPS + (BLOCK * BITS_MAX) / 8);
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
  const deltas = new Float64Array(BLOCK);
  for (let from = 1; from < count; from += BLOCK) {
    const rows = Math.min(BLOCK, count - from);
    let least = Infinity;
    let before = numbers[from - 1] as number;
    for (let index = 0; index < rows; index++) {
      const number = numbers[from + index] as number;
      const delta = number - before;
      deltas[index] = delta;
      if (delta < least) least = delta;
      before = number;
    }
    // The rest of the last group is stored, too, and may be anything.
    deltas.fill(least, rows);
    at = writeSigned(bytes, at, least);
    let packedAt = at + GROUPS;
    for (let group = 0; group < GROUPS; group++) {
      const first = group * SHARED;
      const width = first < rows ? widthOf(deltas, first, least) : 0;
      bytes[at + group] = width;
      if (width > 0) pack(deltas, first, least, width, bytes, packedAt);
      packedAt += width * (SHARED / 8);
    }
    at = packedAt;
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
      const width = bytes[widthsAt + group] ?? BITS_MAX + 1;
      if (width > BITS_MAX) throw new Error(`a number of ${width} bits`);
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
        for (let index = from; index < to; index++) {
          last += least + wideAt(view, reader.at * 8 + (index - from) * width, width);
          numbers[index] = last;
        }
      }
      reader.at += (width * shared) / 8;
      from = to;
    }
  }
  if (reader.at > bytes.length - SPARE_BYTES) throw new Error("its numbers are cut off");
  return numbers;
}

/** How many bits the largest of a group needs. */
function widthOf(deltas: Float64Array, first: number, least: number): number {
  let largest = 0;
  for (let index = first; index < first + SHARED; index++) {
    const above = (deltas[index] as number) - least;
    if (above > largest) largest = above;
  }
  if (largest < WORD) return 32 - Math.clz32(largest);
  return 64 - Math.clz32(Math.floor(largest / WORD));
}

function pack(
  deltas: Float64Array,
  first: number,
  least: number,
  width: number,
  bytes: Uint8Array,
  start: number,
): void {
  let at = start;
  let pending = 0;
  let bits = 0;
  for (let index = first; index < first + SHARED; index++) {
    const above = (deltas[index] as number) - least;
    if (width <= NARROW_BITS_MAX) {
      pending |= above << bits;
      bits += width;
      while (bits >= 8) {
        bytes[at++] = pending;
        pending >>>= 8;
        bits -= 8;
      }
      continue;
    }
    // In parts of 24 bits, because up to seven are pending, and 32 are all that fit.
    for (let rest = above, left = width; left > 0; left -= 24) {
      const taken = Math.min(left, 24);
      pending |= (rest % 2 ** 24) << bits;
      rest = Math.floor(rest / 2 ** 24);
      bits += taken;
      while (bits >= 8) {
        bytes[at++] = pending;
        pending >>>= 8;
        bits -= 8;
      }
    }
  }
}

/** A number of more bits than four bytes hold wherever it begins. */
function wideAt(view: DataView, bit: number, width: number): number {
  const byte = Math.floor(bit / 8);
  const shift = bit % 8;
  const low = view.getUint32(byte, true) >>> shift;
  const more = width + shift - 32;
  if (more <= 0) return width === 32 ? low : low & (2 ** width - 1);
  return low + (view.getUint32(byte + 4, true) & (2 ** more - 1)) * 2 ** (32 - shift);
}

/** Writes a whole number from 0 on in as many bytes as it needs. Returns where the next one goes. */
export function writeNumber(bytes: Uint8Array, start: number, number: number): number {
  let at = start;
  let rest = number;
  while (rest >= 128) {
    bytes[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

/** Writes a whole number within 2^52 of 0. Small ones, of either sign, are short. */
export function writeSigned(bytes: Uint8Array, start: number, number: number): number {
  return writeNumber(bytes, start, number < 0 ? -2 * number - 1 : 2 * number);
}

/** Reads what `writeNumber` and `writeSigned` have written. */
export class VarintReader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @throws Error where the bytes end, or no such number was written. */
  number(): number {
    let number = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new Error("a number is cut off");
      number += (byte & 127) * factor;
      if (byte < 128) return number;
    }
    throw new Error("a number is too long");
  }

  signed(): number {
    const number = this.number();
    return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
  }
}
