import { errorMessage } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { whileReading } from "./index-file.ts";

/** What one table of the index takes, with its own indexes. */
export interface TableSize {
  table: string;
  bytes: number;
}

/** A measurement reads every page of the file, in one read transaction. */
const BYTES_MAX = 4 * 2 ** 30;

const SIZES = `
SELECT coalesce(tbl_name, pages.name) AS "table", sum(pgsize) AS bytes
FROM dbstat AS pages LEFT JOIN sqlite_schema ON sqlite_schema.name = pages.name
WHERE aggregate = TRUE
GROUP BY "table" ORDER BY bytes DESC`;

/**
 * What each table of the index takes, the largest first; `free` is what the file has free inside.
 *
 * @returns `null` without an index, where SQLite has no `dbstat`, and for a file of more than 4 GiB.
 * @throws Fault for a file that cannot be read.
 */
export function readTableSizes(file: string): TableSize[] | null {
  return whileReading(file, (database) => {
    const read = (pragma: string): number => database.pragma(pragma, { simple: true }) as number;
    const pageBytes = read("page_size");
    if (read("page_count") * pageBytes > BYTES_MAX) return null;
    const sizes = sizesIn(database);
    const freeBytes = read("freelist_count") * pageBytes;
    if (sizes !== null && freeBytes > 0) sizes.push({ table: "free", bytes: freeBytes });
    return sizes;
  });
}

function sizesIn(database: Database): TableSize[] | null {
  try {
    return database.prepare<[], TableSize>(SIZES).all();
  } catch (error) {
    // Not every SQLite is built with it.
    if (errorMessage(error).includes("dbstat")) return null;
    throw error;
  }
}
