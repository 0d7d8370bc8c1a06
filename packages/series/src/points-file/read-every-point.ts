/**
 * Reads a whole file of points without an index, and without the code that reads single series: hyparquet decodes it.
 * It takes about a microsecond a point.
 */
import { errorMessage } from "@weir/runtime";
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  parquetReadObjects,
  type RowGroup,
} from "hyparquet";
import { COLUMNS, type Column } from "./columns.ts";
import { DamagedFileFault } from "./damaged-file.ts";
import { readFooter } from "./footer.ts";
import { checkPage } from "./page-check.ts";
import { openPage, unpack } from "./pages.ts";
import type { Points } from "./points.ts";

/** Points of a series that lie behind each other in a file. */
export interface PartOfSeries {
  topic: string;
  path: string;
  points: Points;
}

/** A row as hyparquet reads it. */
interface Row extends Record<Column, unknown> {
  topic: string;
  path: string;
  time: number;
  micros: number | null;
  unscaled: bigint | null;
  scale: number | null;
  value: number | null;
}

/** Times as numbers, not as dates: those are 20 times as large. */
const PARSERS = { timestampFromMilliseconds: Number };

/**
 * The points of a file in the order of its rows. A series comes in parts where it lies in several pages or was added
 * in parts, in the order of these.
 *
 * @throws DamagedFileFault where it is not what was written; errors of the system as they are.
 */
export async function* readEveryPoint(file: string): AsyncGenerator<PartOfSeries> {
  const opened = await asyncBufferFromFile(file);
  const metadata = await orDamaged(file, () => readFooter(opened));
  let firstRow = 0;
  // Row groups lie behind each other, the first one behind "PAR1".
  let start = 4;
  for (const group of metadata.row_groups) {
    const end = start + lengthOf(group);
    const bytes = Buffer.from(await orDamaged(file, () => opened.slice(start, end)));
    const pages = await orDamaged(file, () => pagesOf(group, bytes, start));
    const options = {
      file: partOf(opened, bytes, start),
      metadata,
      compressors: { ZSTD: unpack },
      parsers: PARSERS,
    };
    for (const rows of pages) {
      const read = { ...options, rowStart: firstRow, rowEnd: firstRow + rows };
      // They are of the columns that `columns.ts` describes, or were not written by Weir.
      const found = (await orDamaged(file, () => parquetReadObjects(read))) as unknown as Row[];
      yield* seriesIn(found);
      firstRow += rows;
    }
    start = end;
  }
}

/** The bytes of a row group: its columns lie behind each other. */
function lengthOf({ columns }: RowGroup): number {
  return columns.reduce(
    (sum, { meta_data: about }) => sum + Number(about?.total_compressed_size),
    0,
  );
}

/**
 * Checks the pages of a row group, which hyparquet does not.
 *
 * @param start where it is in the file.
 * @returns the rows of each: of all columns the same.
 */
function pagesOf(group: RowGroup, bytes: Uint8Array, start: number): number[] {
  const columns: number[][] = [];
  let at = 0;
  for (const [index, { meta_data: about }] of group.columns.entries()) {
    const end = at + Number(about?.total_compressed_size);
    const rows: number[] = [];
    while (at < end) {
      const { length, rows: own } = orAt(start + at, () => {
        const page = openPage(bytes.subarray(at));
        return { ...page, rows: checkPage(page, COLUMNS[index] as Column) };
      });
      if (own !== null) rows.push(own);
      at += length;
    }
    columns.push(rows);
  }
  const [first = []] = columns;
  if (columns.some((rows) => rows.join() !== first.join())) throw new Error("its pages differ");
  return first;
}

/** A file of which only a part is read, which is in memory. */
function partOf({ byteLength }: AsyncBuffer, bytes: Buffer, start: number): AsyncBuffer {
  return {
    byteLength,
    slice: (from, to = byteLength) => {
      const { buffer } = Uint8Array.from(bytes.subarray(from - start, to - start));
      return buffer;
    },
  };
}

function* seriesIn(rows: readonly Row[]): Generator<PartOfSeries> {
  for (let from = 0; from < rows.length; ) {
    const { topic, path } = rows[from] as Row;
    let to = from + 1;
    while (continues(rows[to - 1] as Row, rows[to])) to++;
    const own = rows.slice(from, to);
    yield {
      topic,
      path,
      points: { us: Float64Array.from(own, usOf), values: Float64Array.from(own, numberOf) },
    };
    from = to;
  }
}

/** Whether a row belongs to the same part: the next part of a series may begin before this one ends. */
function continues(before: Row, row: Row | undefined): boolean {
  return row?.topic === before.topic && row.path === before.path && usOf(row) >= usOf(before);
}

function usOf({ time, micros }: Row): number {
  return time * 1_000 + (micros ?? 0);
}

function numberOf({ value, unscaled, scale }: Row): number {
  return value ?? Number(unscaled) / 10 ** (scale ?? 0);
}

function orAt<T>(byte: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`the page at byte ${byte} cannot be read: ${errorMessage(cause)}`, { cause });
  }
}

async function orDamaged<T>(file: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    // What the system reports is about the disk or the process: the file may be whole.
    if (cause instanceof Error && "syscall" in cause) throw cause;
    throw new DamagedFileFault(file, errorMessage(cause), cause);
  }
}
