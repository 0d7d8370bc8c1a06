import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import {
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  fsyncFolderOf,
  isLocked,
  LOCK_MS_MAX,
} from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { isForWantOfRoom } from "../retention/room.ts";
import { APPLICATION_ID } from "./schema.ts";

/** A store that was found damaged on opening. */
export interface DamagedStore {
  /** Where it is kept now. */
  keptAs: string;
  /** What SQLite says of it. */
  reason: string;
}

/** Whether SQLite says that the file itself is not sound. */
export function isDamage(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB");
}

/** Has the next start check the whole file: SQLite has stumbled over it somewhere. */
export function suspectDamage(file: string): void {
  writeFileSync(suspicionOf(file), "");
}

/**
 * Looks whether a store is damaged, and if so moves it aside, with its write-ahead log, for somebody
 * to save what can be saved: it is never written again, and never deleted. What every start needs is
 * checked each time, the whole file only after SQLite has stumbled over it: that takes a while.
 *
 * @returns `null` when it is sound, not there, or not a store at all.
 */
export function setAsideIfDamaged(file: string, nowUs: number): DamagedStore | null {
  return isStore(file) ? setAsideFor(findDamage(file), { file, nowUs }) : null;
}

/**
 * The same for a file that only a logger can have made: whatever it holds instead of a store is
 * damage, too.
 */
export function setAsideIfUnsound(file: string, nowUs: number): DamagedStore | null {
  const reason = isStore(file) ? findDamage(file) : "its header is not that of a store";
  return setAsideFor(reason, { file, nowUs });
}

function setAsideFor(
  reason: string | null,
  { file, nowUs }: { file: string; nowUs: number },
): DamagedStore | null {
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

function isStore(file: string): boolean {
  return existsSync(file) && applicationIdOf(file) === APPLICATION_ID;
}

/**
 * SQLite is asked first, for to close a file that `node:fs` has opened drops every lock that this process
 * has on it: a reader here would lose its log to the next writer. Only where SQLite says nothing of a
 * damaged file is its header read, and no lock is of use there.
 */
function applicationIdOf(file: string): number {
  let database: Database | null = null;
  try {
    database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: LOCK_MS_MAX });
    return database.pragma("application_id", { simple: true }) as number;
  } catch (error) {
    if (!isDamage(error)) throw error;
  } finally {
    database?.close();
  }
  return readApplicationId(file);
}

function readApplicationId(file: string): number {
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
  let database: Database | null = null;
  try {
    // Read-only, so that not even its write-ahead log is touched.
    database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: LOCK_MS_MAX });
    return existsSync(suspicionOf(file)) ? checkAll(database) : checkEssentials(database);
  } catch (error) {
    if (isDamage(error)) return errorMessage(error);
    throw error;
  } finally {
    database?.close();
  }
}

const ESSENTIAL_TABLES = ["segment", "topics", "ledger"];

function checkEssentials(database: Database): string | null {
  database.prepare("SELECT * FROM rows ORDER BY id LIMIT 1").get();
  database.prepare("SELECT * FROM rows ORDER BY id DESC LIMIT 1").get();
  for (const table of ESSENTIAL_TABLES) {
    const problem = problemIn(database.pragma(`quick_check(${table})`, { simple: true }));
    if (problem !== null) return problem;
  }
  return null;
}

function checkAll(database: Database): string | null {
  return problemIn(database.pragma("quick_check(1)", { simple: true }));
}

function problemIn(found: unknown): string | null {
  return found === "ok" ? null : String(found);
}

function freeName(file: string, nowUs: number): string {
  const time = new Date(nowUs / 1_000).toISOString().replaceAll(/[-:.]/g, "");
  let name = `${file}.damaged-${time}`;
  while (existsSync(name)) name += "+";
  return name;
}

const END_LOCK =
  "End that program's write transaction, or the program; until then it is tried again and again.";

/** A commit that failed. */
export function writeFault(file: string, cause: unknown): Fault {
  if (isLocked(cause)) {
    return new Fault(`${file} is locked by another program; nothing of it was acknowledged`, {
      remedy: END_LOCK,
      cause,
    });
  }
  return new Fault(
    `${file} cannot be written: ${errorMessage(cause)}; nothing of it was acknowledged`,
    {
      remedy: "Make room on the disk or mend it; the broker sends the messages again.",
      cause,
    },
  );
}

/** Runs what opens a store; on a full disk, what it throws says so. */
export function orFullFault<T>(place: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (!isForWantOfRoom(cause)) throw cause;
    throw new Fault(`${place} cannot be opened: the disk is full`, {
      remedy: "Make room on the disk.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** Runs a pass of retention; on a full disk, what it throws says so. */
export function orPruneFault<T>(file: string, pass: () => T): T {
  try {
    return pass();
  } catch (cause) {
    if (!isForWantOfRoom(cause)) throw cause;
    throw new Fault(`nothing can be removed from ${file}: ${errorMessage(cause)}`, {
      remedy: "Make room on the disk; it is tried again at the next start.",
      cause,
    });
  }
}

/** A rotation that failed. The segment that was live goes on. */
export function rotationFault(file: string, cause: unknown): Fault {
  return new Fault(
    `${file} cannot be begun: ${errorMessage(cause)}; the segment before it goes on`,
    {
      remedy: isLocked(cause) ? END_LOCK : "Make room on the disk or mend it; it is tried again.",
      cause,
    },
  );
}

/** A successor that failed and cannot be taken away again: to go on beside it would store messages twice. */
export function lostFault(file: string, cause: unknown): Fault {
  return new Fault(`${file} was begun and cannot be removed: ${errorMessage(cause)}`, {
    remedy: "Mend the disk and start again: the next start goes on in that file.",
    cause,
  });
}
