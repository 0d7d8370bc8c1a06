import { type Column, ENCODINGS } from "./columns.ts";
import { encodeDeltas, encodedBytesMax } from "./deltas.ts";
import { dataPage, PAGE_ROWS_MAX, type Page } from "./pages.ts";
import type { SeriesName, Span } from "./points.ts";

/** Rows of a page that belong to one span. */
export interface Piece {
  span: Span;
  /** The digits behind the point of its decimals; 0 for doubles. */
  scale: number;
  /** The rows of the page before its own. */
  skip: number;
}

/**
 * The rows of one page while it fills: of several series, one after the other. All of them are decimals or all are
 * doubles, and all have microseconds or none has, so that a page is decoded without looking at each row's columns.
 */
export class PageRows {
  readonly isDecimal: boolean;
  readonly hasMicros: boolean;
  readonly pieces: Piece[] = [];
  rows = 0;
  leastMs = Infinity;
  greatestMs = -Infinity;
  readonly #ms = new Float64Array(PAGE_ROWS_MAX);
  readonly #micros = new Float64Array(PAGE_ROWS_MAX);
  readonly #numbers = new Float64Array(PAGE_ROWS_MAX);
  /** The series of the first `#namedPieces`. It grows only when the page is asked for one, as few are. */
  readonly #names = new Set<string>();
  #namedPieces = 0;
  readonly #encoded = new Uint8Array(encodedBytesMax(PAGE_ROWS_MAX));

  constructor(isDecimal: boolean, hasMicros: boolean) {
    this.isDecimal = isDecimal;
    this.hasMicros = hasMicros;
  }

  clear(): void {
    this.pieces.length = 0;
    this.#names.clear();
    this.#namedPieces = 0;
    this.rows = 0;
    this.leastMs = Infinity;
    this.greatestMs = -Infinity;
  }

  /**
   * Appends points, of which there have to be some.
   *
   * @param numbers the values as they are stored: unscaled, or themselves.
   */
  append(names: SeriesName, us: Float64Array, numbers: Float64Array, scale: number): Span {
    const { rows: skip } = this;
    for (let index = 0; index < us.length; index++) {
      const time = us[index] as number;
      let ms = Math.floor(time / 1_000);
      // The quotient of a time near 2^53 may have been rounded up.
      if (ms * 1_000 > time) ms--;
      this.#ms[skip + index] = ms;
      this.#micros[skip + index] = time - ms * 1_000;
    }
    this.#numbers.set(numbers, skip);
    this.rows += us.length;
    this.leastMs = Math.min(this.leastMs, this.#ms[skip] as number);
    this.greatestMs = Math.max(this.greatestMs, this.#ms[this.rows - 1] as number);
    const span = {
      ...names,
      firstUs: us[0] as number,
      lastUs: us.at(-1) as number,
      rows: us.length,
      firstRow: 0,
      location: new Uint8Array(0),
    };
    this.pieces.push({ span, scale, skip });
    return span;
  }

  /** Whether it has rows of a series. */
  has(name: SeriesName): boolean {
    for (; this.#namedPieces < this.pieces.length; this.#namedPieces++) {
      this.#names.add(keyOf((this.pieces[this.#namedPieces] as Piece).span));
    }
    return this.#names.has(keyOf(name));
  }

  /** The pages of the columns that hold numbers. */
  numberPages(): Pick<Record<Column, Page>, "time" | "micros" | "unscaled" | "value"> {
    const { rows, isDecimal, hasMicros } = this;
    const deltas = (column: Column, present: boolean | null, numbers: Float64Array): Page => {
      const end = encodeDeltas(numbers, present === false ? 0 : rows, this.#encoded);
      return dataPage(rows, present, ENCODINGS[column], this.#encoded.subarray(0, end));
    };
    const doubles = this.#numbers.subarray(0, isDecimal ? 0 : rows);
    return {
      time: deltas("time", null, this.#ms),
      micros: deltas("micros", hasMicros, this.#micros),
      unscaled: deltas("unscaled", isDecimal, this.#numbers),
      value: dataPage(rows, !isDecimal, ENCODINGS.value, bytesOf(doubles)),
    };
  }
}

function keyOf({ topic, path }: SeriesName): string {
  return JSON.stringify([topic, path]);
}

/** What is the rest of a time in microseconds beyond whole milliseconds is stored only for series that have one. */
export function haveMicros(us: Float64Array): boolean {
  for (let index = 0; index < us.length; index++) {
    const time = us[index] as number;
    if (Math.floor(time / 1_000) * 1_000 !== time) return true;
  }
  return false;
}

/** Doubles as Parquet stores them, which is how every processor that Node.js runs on for long has them, too. */
function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
