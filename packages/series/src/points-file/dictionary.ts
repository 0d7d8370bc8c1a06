import { writeNumber } from "./varints.ts";

/**
 * The distinct entries of a column, which rows name by their numbers. Equal rows follow each other, so that they are
 * stored as runs.
 */
export class Dictionary<Entry extends string | number> {
  readonly #numbers = new Map<Entry, number>();

  get entries(): Entry[] {
    return [...this.#numbers.keys()];
  }

  numberOf(entry: Entry): number {
    const known = this.#numbers.get(entry);
    if (known !== undefined) return known;
    this.#numbers.set(entry, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /** The values of a page, in the encoding RLE_DICTIONARY. */
  encode(runs: readonly { entry: Entry; rows: number }[]): Uint8Array {
    const joined: { number: number; rows: number }[] = [];
    for (const { entry, rows } of runs) {
      const number = this.numberOf(entry);
      const last = joined.at(-1);
      if (last?.number === number) last.rows += rows;
      else joined.push({ number, rows });
    }
    // A width of 0 is allowed where there is one entry, but not every program reads it.
    const width = Math.max(1, 32 - Math.clz32(this.#numbers.size - 1));
    const bytes = new Uint8Array(1 + joined.length * 16);
    bytes[0] = width;
    let at = 1;
    for (const { number, rows } of joined) {
      at = writeNumber(bytes, at, rows * 2);
      for (let shift = 0; shift < width; shift += 8) bytes[at++] = number >>> shift;
    }
    return bytes.subarray(0, at);
  }
}

/** Texts in the encoding PLAIN: each after its length. */
export function plainTexts(texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** Numbers of 32 bits in the encoding PLAIN. */
export function plainIntegers(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => {
    bytes.writeInt32LE(number, index * 4);
  });
  return bytes;
}
