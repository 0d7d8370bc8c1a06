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

/** `writeSigned` writes numbers up to this, and down to its negative. */
export const SIGNED_MAX = 2 ** 52;

/** Writes a whole number of either sign. Those near 0 are short. */
export function writeSigned(bytes: Uint8Array, start: number, number: number): number {
  return writeNumber(bytes, start, number < 0 ? -2 * number - 1 : 2 * number);
}

export function writeDouble(bytes: Uint8Array, start: number, number: number): number {
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(start, number, true);
  return start + 8;
}

/** Reads what `writeNumber`, `writeSigned` and `writeDouble` have written. */
export class VarintReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Error("a number is cut off");
    return byte;
  }

  /** @throws Error where the bytes end, or no such number was written. */
  number(): number {
    let byte = this.byte();
    let number = byte & 127;
    // Up to 28 bits, small integers are faster than doubles.
    for (let shift = 7; byte >= 128 && shift < 28; shift += 7) {
      byte = this.byte();
      number |= (byte & 127) << shift;
    }
    for (let factor = 2 ** 28; byte >= 128; factor *= 128) {
      if (factor > 2 ** 49) throw new Error("a number is too long");
      byte = this.byte();
      number += (byte & 127) * factor;
    }
    return number;
  }

  signed(): number {
    const number = this.number();
    if (number < 2 ** 31) return (number >>> 1) ^ -(number & 1);
    return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
  }

  double(): number {
    const { at } = this;
    this.at += 8;
    if (this.at > this.#bytes.length) throw new Error("a number is cut off");
    return this.#view.getFloat64(at, true);
  }
}
