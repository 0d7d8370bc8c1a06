import { EXIT_CODES, errorCode, Fault } from "@weir/fault";
import Sqlite from "better-sqlite3";

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
