import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "./fault.ts";

/** What to say to who comes second. */
export interface LockedOut {
  message: string;
  remedy: string;
  /** How long to wait for it, in milliseconds. Default 0. */
  waitMs?: number;
}

/**
 * Takes the right to write a file, for as long as the process lives or until it is disposed of. It is
 * a transaction that stays open on a small file beside it, so the operating system frees it whatever
 * kills the process, and containers that share a volume see it.
 *
 * @throws Fault when another process has it.
 */
export function lockFile(file: string, { message, remedy, waitMs = 0 }: LockedOut): Disposable {
  const database = new Sqlite(`${file}.lock`, { timeout: waitMs });
  try {
    // Nothing is ever written to it; a journal would only lie about.
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (errorCode(cause) !== "SQLITE_BUSY") throw cause;
    throw new Fault(message, { remedy, exitCode: EXIT_CODES.tryLater, cause });
  }
  return { [Symbol.dispose]: () => database.close() };
}

/**
 * Runs what opens a file; whatever it throws becomes a fault with a remedy.
 *
 * @param setting the setting that names the file.
 */
export function orOpeningFault<T>(file: string, setting: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (isLocked(cause)) {
      throw new Fault(`${setting}: ${file} is locked by another program`, {
        remedy: "End that program's write transaction, or the program.",
        exitCode: EXIT_CODES.tryLater,
        cause,
      });
    }
    throw new Fault(`${file} cannot be opened for writing: ${errorMessage(cause)}`, {
      remedy: `Make the folder ${dirname(file)} writable for this user, or name another file in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** Makes a new or renamed entry of a file's folder survive a power cut. */
export function fsyncFolderOf(file: string): void {
  const descriptor = openSync(dirname(file), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes the folder of a file that is to be opened for writing.
 *
 * @param setting the setting that names the file.
 * @throws Fault when something else than a file is in its place, or no file can be made there.
 */
export function makePlaceOf(file: string, setting: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  // Whoever opens a pipe waits for its other end, without an end.
  if (found !== undefined && !found.isFile()) {
    throw refused(`${setting}: ${file} is ${kindOf(found)}, not a file`, {
      remedy: `Remove it, or name another place in ${setting}: the file is made where it is missing.`,
    });
  }
  makeFolderAt(dirname(file), setting);
}

/**
 * Makes a folder that files are to be written in, with those above it.
 *
 * @returns the first of them that was missing, if one was.
 * @throws Fault when it cannot be made.
 */
export function makeFolderAt(folder: string, setting: string): string | undefined {
  try {
    refuseKernel(folder, setting);
    return mkdirSync(folder, { recursive: true });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(`${setting}: the folder ${folder} cannot be made: ${errorMessage(cause)}`, {
      remedy: `Make it writable for this user, or name another place in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

// The magic numbers of proc, sysfs, cgroup and cgroup2, from statfs(2).
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270,
]);

/** Where the kernel shows its state nothing can be made, and Node.js tries for ever to make a folder there. */
function refuseKernel(folder: string, setting: string): void {
  let existing = folder;
  while (statSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  if (!KERNEL_FILE_SYSTEMS.has(statfsSync(existing).type)) return;
  throw refused(`${setting}: no file can be made in ${folder}: the kernel shows its state there`, {
    remedy: `Name a place on a disk in ${setting}.`,
  });
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe (FIFO)";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function refused(message: string, { remedy }: { remedy: string }): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}

/** How long SQLite itself waits for a lock: the whole process stops for it. What takes longer is tried again. */
export const LOCK_MS_MAX = 50;

/** Whether something failed because another program has locked the file, which ends by itself. */
export function isLocked(error: unknown): boolean {
  if (errorCode(error)?.startsWith("SQLITE_BUSY")) return true;
  return error instanceof Error && error.cause !== undefined && isLocked(error.cause);
}
