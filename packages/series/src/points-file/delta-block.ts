/** Numbers whose differences are stored above the same base. */
export const BLOCK = 128;
/** The numbers of a block that share a width in bits: a group. */
export const SHARED = 32;
export const GROUPS = BLOCK / SHARED;
/** A number of more bits than this is an outlier, and its group takes the whole width of the type. */
const ORDINARY_BITS_MAX = 22;
export const OUTLIER_BITS = 64;
/**
 * A block that is narrower than this has no outliers. So the rest of times in microseconds never has: differences of
 * 11 bits, in a column of 32.
 */
const NARROW_BLOCK_BITS = 12;
/** The width of groups that take whole bytes. */
export const BYTE_BITS = 8;
/** What is mostly 0 takes whole bytes from this width on. */
const MOSTLY_ZERO_BITS_MIN = 3;
/** What is not takes whole bytes from this width on, on average. */
const BYTE_BITS_MIN = 5;
const WORD = 2 ** 32;

/**
 * The differences of a block, and in how many bits each of its groups is stored. Two things make it smaller than the
 * encoding is meant to be, once it is compressed:
 *
 * The jump from one series to the next would widen a whole block, or its group at least. Such a group takes 64 bits,
 * where arithmetic wraps around, and which are alike but for a few. Others are as narrow as without it.
 *
 * Compression finds patterns in bytes. So differences of some bits take a whole byte each, and blocks keep their base.
 */
export class DeltaBlock {
  readonly deltas = new Float64Array(BLOCK);
  readonly widths = new Uint8Array(GROUPS);
  groups = 0;
  base = 0;
  readonly #least = new Float64Array(GROUPS);
  readonly #greatest = new Float64Array(GROUPS);
  #zeros = 0;
  /** The base of the last block that took bytes. */
  #byteBase = 0;

  /** Takes the differences of `numbers` from the one at `from` to the one before it, and on. */
  take(numbers: Float64Array, from: number, count: number): void {
    this.#subtract(numbers, from, Math.min(BLOCK, count - from));
    this.base = this.#cheapestBase();
    this.widths.fill(0);
    let greatest = -Infinity;
    let sum = 0;
    let ordinary = 0;
    let widest = 0;
    for (let group = 0; group < this.groups; group++) {
      const width = this.#widthAbove(this.base, group);
      this.widths[group] = width;
      if (width === OUTLIER_BITS) continue;
      ordinary++;
      sum += width;
      widest = Math.max(widest, width);
      greatest = Math.max(greatest, this.#greatest[group] as number);
    }
    const suits =
      this.#zeros >= BLOCK / 2 ? widest >= MOSTLY_ZERO_BITS_MIN : sum >= ordinary * BYTE_BITS_MIN;
    if (ordinary > 0 && suits && widest <= BYTE_BITS) this.#takeBytes(greatest);
  }

  #subtract(numbers: Float64Array, from: number, rows: number): void {
    this.groups = Math.ceil(rows / SHARED);
    this.#zeros = 0;
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
        if (delta === 0) this.#zeros++;
        if (delta < least) least = delta;
        if (delta > greatest) greatest = delta;
      }
      this.#least[group] = least;
      this.#greatest[group] = greatest;
      // The rest of the last group is stored, too, and may be anything.
      this.deltas.fill(least, end, (group + 1) * SHARED);
    }
  }

  /** @param greatest of the differences that are no outliers. */
  #takeBytes(greatest: number): void {
    // The same base for many blocks makes equal differences equal bytes.
    if (this.#byteBase > this.base || greatest - this.#byteBase >= 2 ** BYTE_BITS) {
      this.#byteBase = Math.ceil((this.base + greatest) / 2) - 2 ** (BYTE_BITS - 1);
    }
    this.base = this.#byteBase;
    for (let group = 0; group < this.groups; group++) {
      if (this.widths[group] !== OUTLIER_BITS) this.widths[group] = BYTE_BITS;
    }
  }

  /** The least difference, without those of groups that are cheaper as outliers. */
  #cheapestBase(): number {
    let least = Infinity;
    let greatest = -Infinity;
    for (let group = 0; group < this.groups; group++) {
      least = Math.min(least, this.#least[group] as number);
      greatest = Math.max(greatest, this.#greatest[group] as number);
    }
    if (bitsOf(greatest - least) <= NARROW_BLOCK_BITS) return least;
    let best = least;
    let bestBits = this.#bitsAbove(best);
    for (let group = 0; group < this.groups; group++) {
      const other = this.#least[group] as number;
      const bits = this.#bitsAbove(other);
      if (bits < bestBits) [best, bestBits] = [other, bits];
    }
    return best;
  }

  #bitsAbove(base: number): number {
    let bits = 0;
    for (let group = 0; group < this.groups; group++) {
      // To about so many bits an outlier's group is compressed.
      bits += Math.min(ORDINARY_BITS_MAX, this.#widthAbove(base, group));
    }
    return bits;
  }

  #widthAbove(base: number, group: number): number {
    if ((this.#least[group] as number) < base) return OUTLIER_BITS;
    const width = bitsOf((this.#greatest[group] as number) - base);
    return width > ORDINARY_BITS_MAX ? OUTLIER_BITS : width;
  }
}

/** How many bits a whole number from 0 on needs. */
function bitsOf(number: number): number {
  return number < WORD ? 32 - Math.clz32(number) : 64 - Math.clz32(Math.floor(number / WORD));
}
