import type { ColumnChunk, RowGroup as RowGroupAbout, Statistics } from "hyparquet";
import { COLUMNS, type Column, ELEMENTS, ENCODINGS } from "./columns.ts";
import { Dictionary, plainIntegers, plainTexts } from "./dictionary.ts";
import { type Location, type Place, packLocation } from "./location.ts";
import type { PageRows, Piece } from "./page-rows.ts";
import { dataPage, dictionaryPage, type Page } from "./pages.ts";

/** A page of rows in all columns. */
interface ClosedPage {
  rows: number;
  isDecimal: boolean;
  hasMicros: boolean;
  pieces: Piece[];
  columns: Record<Column, Page>;
}

/** Pages that lie in the file together: the pages of each column behind each other, so they are all made first. */
export class RowGroup {
  rows = 0;
  readonly #pages: ClosedPage[] = [];
  readonly #topics = new Dictionary<string>();
  readonly #paths = new Dictionary<string>();
  readonly #scales = new Dictionary<number>();
  #leastMs = Infinity;
  #greatestMs = -Infinity;

  constructor() {
    // A column that is empty in all rows has a dictionary, too, which not every program reads if it is empty.
    this.#scales.numberOf(0);
  }

  /** Makes the pages of rows. */
  add(page: PageRows): void {
    const { rows, isDecimal, hasMicros } = page;
    const pieces = [...page.pieces];
    const texts = (name: "topic" | "path", dictionary: Dictionary<string>): Page => {
      const runs = pieces.map(({ span }) => ({ entry: span[name], rows: span.rows }));
      return dataPage(rows, null, ENCODINGS[name], dictionary.encode(runs));
    };
    const scales = pieces.map(({ scale, span }) => ({ entry: scale, rows: span.rows }));
    const columns = {
      ...page.numberPages(),
      topic: texts("topic", this.#topics),
      path: texts("path", this.#paths),
      scale: dataPage(
        rows,
        isDecimal,
        ENCODINGS.scale,
        this.#scales.encode(isDecimal ? scales : []),
      ),
    };
    this.#pages.push({ rows, isDecimal, hasMicros, pieces, columns });
    this.rows += rows;
    this.#leastMs = Math.min(this.#leastMs, page.leastMs);
    this.#greatestMs = Math.max(this.#greatestMs, page.greatestMs);
  }

  /**
   * Puts its columns together, and tells the spans where they are.
   *
   * @param offset where it will be in the file.
   * @param firstRow the rows of the file before it.
   */
  layOut(offset: number, firstRow: number): { bytes: Uint8Array; about: RowGroupAbout } {
    const bytes: Uint8Array[] = [];
    let at = offset;
    const places = {} as Record<Column, Place[]>; // Filled by the loop.
    const chunks: ColumnChunk[] = [];
    for (const column of COLUMNS) {
      const start = at;
      const dictionary = this.#dictionaryOf(column);
      const pages = this.#pages.map(({ columns }) => columns[column]);
      places[column] = [];
      for (const page of dictionary === null ? pages : [dictionary, ...pages]) {
        if (page !== dictionary) places[column].push({ offset: at, length: page.bytes.length });
        bytes.push(page.bytes);
        at += page.bytes.length;
      }
      chunks.push(this.#chunkOf(column, start, at - start, dictionary));
    }
    this.#locate(places, firstRow);
    const uncompressed = chunks.reduce(
      (sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n),
      0n,
    );
    const about = {
      columns: chunks,
      total_byte_size: uncompressed,
      num_rows: BigInt(this.rows),
      file_offset: BigInt(offset),
      total_compressed_size: BigInt(at - offset),
    };
    return { bytes: Buffer.concat(bytes), about };
  }

  #dictionaryOf(column: Column): Page | null {
    switch (column) {
      case "topic":
        return textDictionary(this.#topics);
      case "path":
        return textDictionary(this.#paths);
      case "scale": {
        const { entries } = this.#scales;
        return dictionaryPage(entries.length, plainIntegers(entries));
      }
      default:
        return null;
    }
  }

  #chunkOf(column: Column, start: number, length: number, dictionary: Page | null): ColumnChunk {
    const pages = this.#pages.map(({ columns }) => columns[column]);
    const uncompressed = pages.reduce((sum, page) => sum + page.uncompressedBytes, 0);
    const encoding = ENCODINGS[column];
    const { type } = ELEMENTS[column];
    return {
      file_offset: BigInt(start),
      meta_data: {
        type: type ?? "INT64",
        encodings: dictionary === null ? ["RLE", encoding] : ["RLE", "PLAIN", encoding],
        path_in_schema: [column],
        codec: "ZSTD",
        num_values: BigInt(this.rows),
        total_uncompressed_size: BigInt(uncompressed + (dictionary?.uncompressedBytes ?? 0)),
        total_compressed_size: BigInt(length),
        data_page_offset: BigInt(start + (dictionary?.bytes.length ?? 0)),
        ...(dictionary === null ? {} : { dictionary_page_offset: BigInt(start) }),
        statistics: this.#statisticsOf(column),
      },
    };
  }

  /** By these, other programs leave out row groups. */
  #statisticsOf(column: Column): Statistics {
    const without = (has: (page: ClosedPage) => boolean) =>
      BigInt(this.#pages.reduce((rows, page) => rows + (has(page) ? 0 : page.rows), 0));
    switch (column) {
      case "topic":
        return { ...rangeOf(this.#topics), null_count: 0n };
      case "path":
        return { ...rangeOf(this.#paths), null_count: 0n };
      case "time":
        return {
          min_value: BigInt(this.#leastMs),
          max_value: BigInt(this.#greatestMs),
          null_count: 0n,
        };
      case "micros":
        return { null_count: without((page) => page.hasMicros) };
      case "value":
        return { null_count: without((page) => !page.isDecimal) };
      case "scale":
      case "unscaled":
        return { null_count: without((page) => page.isDecimal) };
    }
  }

  #locate(places: Record<Column, Place[]>, firstRow: number): void {
    let row = firstRow;
    this.#pages.forEach((page, index) => {
      const placeIn = (column: Column) => places[column][index] as Place;
      for (const { span, scale, skip } of page.pieces) {
        const location: Location = {
          scale: page.isDecimal ? scale : null,
          pageRows: page.rows,
          skip,
          time: placeIn("time"),
          micros: page.hasMicros ? placeIn("micros") : null,
          numbers: placeIn(page.isDecimal ? "unscaled" : "value"),
        };
        span.location = packLocation(location);
        span.firstRow = row + skip;
      }
      row += page.rows;
    });
  }
}

function textDictionary({ entries }: Dictionary<string>): Page {
  return dictionaryPage(entries.length, plainTexts(entries));
}

/** The first and the last entry in the order of their bytes, which is Parquet's order. */
function rangeOf({ entries }: Dictionary<string>): {
  min_value: Uint8Array;
  max_value: Uint8Array;
} {
  let least = Buffer.from(entries[0] ?? "");
  let greatest = least;
  for (const entry of entries) {
    const bytes = Buffer.from(entry);
    if (Buffer.compare(bytes, least) < 0) least = bytes;
    if (Buffer.compare(bytes, greatest) > 0) greatest = bytes;
  }
  return { min_value: least, max_value: greatest };
}
