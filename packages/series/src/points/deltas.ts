/**
 * Parquet's encoding DELTA_BINARY_PACKED for whole numbers. What is stored is the difference of each number to the
 * one before, above the smallest difference of a block, in as many bits as the largest of 32 needs.
 *
 * The work is done on ordinary numbers: a BigInt costs some 50 ns each. Differences of differences have to be exact
 * then, which bounds the numbers.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/Encodings.md
 */

import { VarintReader, writeNumber, writeSigned } from "./varints.ts";

/** Whole numbers up to this, and down to its negative, can be encoded. */
export const ENCODED_MAX = 2 ** 50;
/** Decoding reads up to eight bytes at once. */
export const SPARE_BYTES = 8;

const BLOCK = 128;
/** What is read may have larger blocks. */
const BLOCK_MAX = 65_536;
/** The numbers of a block that share a width in bits: a group. */
const SHARED = 32;
const GROUPS = BLOCK / SHARED;
/** Up to this width a number lies in four bytes, wherever among the bits it begins. */
const NARROW_BITS_MAX = 25;
/** A number of more bits than this is an outlier, and its group takes the whole width of the type. */
const ORDINARY_BITS_MAX = 22;
const OUTLIER_BITS = 64;
/** A group within these widths takes eight bits, because bytes are what compression finds patterns in. */
const BYTE_BITS_MIN = 5;
const BYTE_BITS = 8;
const WORD = 2 ** 32;

/** No more than this many bytes come out for so many numbers. */
export function encodedBytesMax(count: number): number {
  return 32 + Math.ceil(count / BLOCK) * (8 + GROUPS + BLOCK * 8);
}

/** The differences of a block, and the range of each of its groups. */
class Block {
  readonly deltas = new Float64Array(BLOCK);
  readonly least = new Float64Array(GROUPS);
  readonly greatest = new Float64Array(GROUPS);
  groups = 0;

  /** Takes the differences of `numbers` from the one at `from` to the one before it, and on. */
  take(numbers: Float64Array, from: number, count: number): void {
    const rows = Math.min(BLOCK, count - from);
    this.groups = Math.ceil(rows / SHARED);
    let before = numbers[from - 1] as number;
    for (let group = 0; group < this.groups; group++) {
      const end = Math.min(rows, (group + 1) * SHARED);
      let least = Infinity;
      let greatest = -Infinity;
      for (let index = group * SHARED; index < end; index++) {
        const number = numbers[from + index] as number;
        const delta = number - before;
        before = number;
        this.deltas[index] = delta;
        if (delta < least) least = delta;
        if (delta > greatest) greatest = delta;
      }
      this.least[group] = least;
      this.greatest[group] = greatest;
      // The rest of the last group is stored, too, and may be anything.
      this.deltas.fill(least, end, (group + 1) * SHARED);
    }
  }

  /** How many bits a group needs above `base`. */
  widthAbove(base: number, group: number): number {
    if ((this.least[group] as number) < base) return OUTLIER_BITS;
    const width = bitsOf((this.greatest[group] as number) - base);
    return width > ORDINARY_BITS_MAX ? OUTLIER_BITS : width;
  }

  /**
   * The least difference without those of groups that are cheaper as outliers. The jump from one series to the next
   * one is such a difference, and would widen all groups.
   */
  base(): number {
    let best = Infinity;
    for (const least of this.least.subarray(0, this.groups)) best = Math.min(best, least);
    let bestBits = this.#bitsAbove(best);
    if (bestBits <= this.groups * BYTE_BITS) return best;
    for (const least of this.least.subarray(0, this.groups)) {
      const bits = this.#bitsAbove(least);
      if (bits < bestBits) [best, bestBits] = [least, bits];
    }
    return best;
  }

  #bitsAbove(base: number): number {
    let bits = 0;
    for (let group = 0; group < this.groups; group++) {
      // The bits of an outlier's group are alike but for a few, and are compressed to about these.
      bits += Math.min(ORDINARY_BITS_MAX, this.widthAbove(base, group));
    }
    return bits;
  }
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
  const block = new Block();
  const widths = new Uint8Array(GROUPS);
  let byteBase = 0;
  for (let from = 1; from < count; from += BLOCK) {
    block.take(numbers, from, count);
    let base = block.base();
    widths.fill(0);
    let greatest = -Infinity;
    let widest = 0;
    for (let group = 0; group < block.groups; group++) {
      const width = block.widthAbove(base, group);
      widths[group] = width;
      if (width === OUTLIER_BITS) continue;
      widest = Math.max(widest, width);
      greatest = Math.max(greatest, block.greatest[group] as number);
    }
    if (widest >= BYTE_BITS_MIN && widest <= BYTE_BITS) {
      // The same base for many blocks makes equal differences equal bytes.
      if (byteBase > base || greatest - byteBase >= 2 ** BYTE_BITS) {
        byteBase = Math.ceil((base + greatest) / 2) - 2 ** (BYTE_BITS - 1);
      }
      base = byteBase;
      for (let group = 0; group < block.groups; group++) {
        if (widths[group] !== OUTLIER_BITS) widths[group] = BYTE_BITS;
      }
    }
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

/** How many bits a whole number from 0 on needs. */
function bitsOf(number: number): number {
  return number < WORD ? 32 - Math.clz32(number) : 64 - Math.clz32(Math.floor(number / WORD));
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
