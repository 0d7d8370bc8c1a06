/**
 * Reads single series of a file of points. The index says which pages hold them, so that the footer is not read: a
 * page of each of two columns is all, for some 8,000 points or less than 70,000.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { errorMessage } from "@weir/runtime";
import { DamagedFileFault } from "./damaged-file.ts";
import { decodeDeltas, SPARE_BYTES } from "./deltas.ts";
import { type Location, type Place, unpackLocation } from "./location.ts";
import { PAGE_BYTES_MAX, PAGE_ROWS_MAX, valuesOf } from "./pages.ts";
import type { Points } from "./points.ts";

/** A page, decoded: its columns as they are stored. */
interface DecodedPage {
  ms: Float64Array;
  micros: Float64Array | null;
  /** Unscaled, or doubles. */
  numbers: Float64Array;
}

/** An open file of points. It stays readable when the file is removed meanwhile. */
export class PointsFile implements Disposable {
  readonly #file: string;
  readonly #descriptor: number;
  /** Series of one page are read one after the other. */
  #last: { offset: number; page: DecodedPage } | null = null;

  /** @throws Error with the code ENOENT where there is no file. */
  constructor(file: string) {
    this.#file = file;
    this.#descriptor = openSync(file, "r");
  }

  /**
   * @param location of a span, and `rows` of it.
   * @returns arrays that are the caller's.
   * @throws DamagedFileFault where the bytes are not those that were written.
   */
  read(location: Uint8Array, rows: number): Points {
    const { scale, pageRows, skip, ...places } = this.#understand(location, rows);
    const page = this.#pageAt(places, scale, pageRows);
    const us = new Float64Array(rows);
    const values = page.numbers.slice(skip, skip + rows);
    const { ms, micros } = page;
    for (let index = 0; index < rows; index++) us[index] = (ms[skip + index] as number) * 1_000;
    if (micros !== null) {
      for (let index = 0; index < rows; index++) {
        us[index] = (us[index] as number) + (micros[skip + index] as number);
      }
    }
    if (scale !== null && scale > 0) {
      const power = 10 ** scale;
      for (let index = 0; index < rows; index++) values[index] = (values[index] as number) / power;
    }
    return { us, values };
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #understand(bytes: Uint8Array, rows: number): Location {
    const location = unpackLocation(bytes);
    const { pageRows, skip, time, micros, numbers } = location;
    const places = [time, numbers, ...(micros === null ? [] : [micros])];
    if (
      pageRows > PAGE_ROWS_MAX ||
      skip + rows > pageRows ||
      places.some(({ length }) => length > PAGE_BYTES_MAX)
    ) {
      throw new Error(`${this.#file} has no rows ${skip} to ${skip + rows} in ${pageRows}`);
    }
    return location;
  }

  #pageAt(
    { time, micros, numbers }: Pick<Location, "time" | "micros" | "numbers">,
    scale: number | null,
    rows: number,
  ): DecodedPage {
    if (this.#last?.offset === time.offset) return this.#last.page;
    const deltas = (place: Place) =>
      this.#decode(place, rows, (bytes) => decodeDeltas(bytes, rows));
    const doubles = (place: Place) =>
      this.#decode(place, rows, (bytes) => decodeDoubles(bytes, rows));
    const page = {
      ms: deltas(time),
      micros: micros === null ? null : deltas(micros),
      numbers: scale === null ? doubles(numbers) : deltas(numbers),
    };
    this.#last = { offset: time.offset, page };
    return page;
  }

  #decode<T>({ offset, length }: Place, rows: number, decode: (bytes: Uint8Array) => T): T {
    const bytes = Buffer.alloc(length);
    const found = readSync(this.#descriptor, bytes, 0, length, offset);
    if (found < length) {
      throw new DamagedFileFault(this.#file, `it ends before byte ${offset + length}`);
    }
    try {
      return decode(valuesOf(bytes, rows));
    } catch (cause) {
      const what = `the page at byte ${offset} cannot be read: ${errorMessage(cause)}`;
      throw new DamagedFileFault(this.#file, what, cause);
    }
  }
}

function decodeDoubles(bytes: Uint8Array, rows: number): Float64Array {
  const size = bytes.length - SPARE_BYTES;
  if (size !== rows * 8) throw new Error(`${size} bytes of doubles for ${rows} rows`);
  const numbers = new Float64Array(rows);
  new Uint8Array(numbers.buffer).set(bytes.subarray(0, rows * 8));
  return numbers;
}
