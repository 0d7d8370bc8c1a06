import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { errorCode, errorMessage, fsyncFolderOf } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { APPLICATION_ID } from "./schema.ts";
import { withDatabase } from "./segment-file.ts";

/** A store that was found damaged on opening. */
export interface DamagedStore {
  /** Where it is kept now. */
  keptAs: string;
  /** What SQLite says of it. */
  reason: string;
}

/** Whether SQLite says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB");
}

/** Has the next start check the whole file, because SQLite has met damage in it. */
export function suspectDamage(file: string): void {
  writeFileSync(suspicionOf(file), "");
}

/**
 * Moves a store that is damaged aside, with its write-ahead log, so that an operator can save what can
 * be saved: it is never written again, and never deleted. What every start needs is checked each time, the
 * whole file only after SQLite has met damage in it, because that takes a while.
 *
 * @param isOurs only a logger can have made the file: then it is damaged also when it is no store at all.
 * @returns `null` when nothing was moved.
 */
export function setAsideIfDamaged(
  file: string,
  nowUs: number,
  { isOurs }: { isOurs: boolean },
): DamagedStore | null {
  const isStore = existsSync(file) && applicationIdOf(file) === APPLICATION_ID;
  if (!isStore && !isOurs) return null;
  const reason = isStore ? findDamage(file) : "its header is not that of a store";
  rmSync(suspicionOf(file), { force: true });
  if (reason === null) return null;
  const keptAs = freeName(file, nowUs);
  for (const journal of ["-wal", "-shm", ""]) {
    if (existsSync(file + journal)) renameSync(file + journal, keptAs + journal);
  }
  fsyncFolderOf(file);
  return { keptAs, reason };
}

const suspicionOf = (file: string): string => `${file}.suspect`;

const HEADER_BYTES = 100;
const APPLICATION_ID_OFFSET = 68;

/**
 * Asks SQLite first: closing a file that `node:fs` has opened drops every lock that this process has on
 * it, and a reader here would lose its log to the next writer. Only the header of a damaged file is read
 * without SQLite; locks on such a file have no use.
 */
function applicationIdOf(file: string): number {
  try {
    return withDatabase(
      file,
      { readonly: true },
      (database) => database.pragma("application_id", { simple: true }) as number,
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  return header.readUInt32BE(APPLICATION_ID_OFFSET);
}

function findDamage(file: string): string | null {
  const isSuspect = existsSync(suspicionOf(file));
  try {
    // Read-only, so that not even its write-ahead log is touched.
    return withDatabase(file, { readonly: true }, (database) =>
      isSuspect ? problemIn(database, "quick_check(1)") : checkEssentials(database),
    );
  } catch (error) {
    if (isDamage(error)) return errorMessage(error);
    throw error;
  }
}

const ESSENTIAL_TABLES = ["segment", "topics", "ledger"];

function checkEssentials(database: Database): string | null {
  database.prepare("SELECT * FROM rows ORDER BY id LIMIT 1").get();
  database.prepare("SELECT * FROM rows ORDER BY id DESC LIMIT 1").get();
  for (const table of ESSENTIAL_TABLES) {
    const problem = problemIn(database, `quick_check(${table})`);
    if (problem !== null) return problem;
  }
  return null;
}

function problemIn(database: Database, check: string): string | null {
  const found = database.pragma(check, { simple: true });
  return found === "ok" ? null : String(found);
}

/** A time as the names of damaged files have it. */
export function stampOf(timeUs: number): string {
  return new Date(timeUs / 1_000).toISOString().replaceAll(/[-:.]/g, "");
}

function freeName(file: string, nowUs: number): string {
  let name = `${file}.damaged-${stampOf(nowUs)}`;
  while (existsSync(name)) name += "+";
  return name;
}
