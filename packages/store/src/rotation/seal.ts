import type { Stats } from "node:fs";
import { LOCK_MS_MAX } from "@weir/sqlite";
import Sqlite, { type Database } from "better-sqlite3";

/** The last word of a segment. */
export interface Seal {
  /** In microseconds since the epoch. */
  sealedUs: number;
  /** The name of the segment that goes on from here. */
  successor: string;
}

/** Writes the last transaction of an open segment. */
export function sealSegment(database: Database, { sealedUs, successor }: Seal): void {
  database
    .prepare("INSERT OR REPLACE INTO sealed (singleton, sealed_us, successor) VALUES (1, ?, ?)")
    .run(sealedUs, successor);
}

/** @returns `null` while the segment has no successor. */
export function readSeal(database: Database): Seal | null {
  const seal = database
    .prepare<[], Seal>("SELECT sealed_us AS sealedUs, successor FROM sealed")
    .get();
  return seal ?? null;
}

/** The same of a file. */
export function readSealOf(file: string): Seal | null {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: LOCK_MS_MAX });
  try {
    return readSeal(database);
  } finally {
    database.close();
  }
}

/**
 * Makes good what a kill left out: every segment but the live one is sealed, and names the one after
 * it. One that is sound already is not written.
 */
export function completeSeal(file: string, { sealedUs, successor }: Seal): void {
  const database = new Sqlite(file, { fileMustExist: true, timeout: LOCK_MS_MAX });
  try {
    const found = readSeal(database);
    if (found?.successor === successor) return;
    database.pragma("synchronous = FULL");
    sealSegment(database, { sealedUs: found?.sealedUs ?? sealedUs, successor });
  } finally {
    database.close();
  }
}

const WRITABLE_BY_ANYONE = 0o222;

/** Whether a closed segment has been finished: its last step takes the right to write it. */
export function isFinished({ mode }: Pick<Stats, "mode">): boolean {
  return (mode & WRITABLE_BY_ANYONE) === 0;
}
