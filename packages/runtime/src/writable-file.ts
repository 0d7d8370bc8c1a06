import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import Sqlite from "better-sqlite3";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "./fault.ts";

/**
 * Locks a file for writing until the lock is disposed of or the process ends. The lock is a transaction
 * that stays open on a small file beside it: the operating system releases it whatever kills the process,
 * and containers that share a volume see it.
 *
 * @throws Fault when another process holds the lock.
 */
export function lockFile(
  file: string,
  { message, remedy, waitMs = 0 }: { message: string; remedy: string; waitMs?: number },
): Disposable {
  const database = new Sqlite(`${file}.lock`, { timeout: waitMs });
  try {
    // Nothing is ever written, so a journal file would only be left over.
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (errorCode(cause) !== "SQLITE_BUSY") throw cause;
    // Without the cause: this lock is held for the life of a process, and is not one to wait for.
    throw new Fault(message, { remedy, exitCode: EXIT_CODES.tryLater });
  }
  return { [Symbol.dispose]: () => database.close() };
}

/**
 * Opens a file; whatever the opening throws becomes a fault with a remedy.
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

/** Makes the creation or renaming of a file survive a power cut. */
export function fsyncFolderOf(file: string): void {
  const descriptor = openSync(dirname(file), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Creates the folder of a file that is to be opened for writing.
 *
 * @param setting the setting that names the file.
 * @throws Fault when something else than a file is in its place, or when no file can be created there.
 */
export function makePlaceOf(file: string, setting: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  // Opening a pipe blocks until a process opens its other end.
  if (found !== undefined && !found.isFile()) {
    throw refused(`${setting}: ${file} is ${kindOf(found)}, not a file`, {
      remedy: `Remove it, or name another place in ${setting}: the file is made where it is missing.`,
    });
  }
  makeFolderAt(dirname(file), setting);
}

/**
 * Creates a folder for files to be written, with its parents.
 *
 * @returns the first of them that was missing, if any.
 * @throws Fault when it cannot be created.
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

/** The folder itself, or where it is missing the nearest one above it that is there, in which it would be made. */
export function nearestFolder(folder: string): string {
  const path = resolve(folder);
  // What is in a folder of another user is not there for this one.
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

// The magic numbers of proc, sysfs, cgroup and cgroup2, from statfs(2).
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270,
]);

/** No file can be created in these file systems, and Node.js never gives up trying to create a folder there. */
function refuseKernel(folder: string, setting: string): void {
  if (!KERNEL_FILE_SYSTEMS.has(statfsSync(nearestFolder(folder)).type)) return;
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

/** How long SQLite itself waits for a lock. The whole process blocks meanwhile, so longer waits are retries. */
export const LOCK_MS_MAX = 50;

/** Whether something failed because another program has locked the file, which passes by itself. */
export function isLocked(error: unknown): boolean {
  if (errorCode(error)?.startsWith("SQLITE_BUSY")) return true;
  return error instanceof Error && error.cause !== undefined && isLocked(error.cause);
}
