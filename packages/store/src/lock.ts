import { EXIT_CODES, errorCode, Fault } from "@weir/fault";
import Sqlite from "better-sqlite3";

/**
 * Takes the right to write a store, for as long as the process lives or until it is disposed of. It
 * is a transaction that stays open on a small file beside the store, so the operating system frees
 * it whatever kills the process.
 *
 * @throws Fault when another process has it.
 */
export function lockStore(file: string): Disposable {
  const database = new Sqlite(`${file}.lock`, { timeout: 0 });
  try {
    // Nothing is ever written to it; a journal would only lie about.
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (errorCode(cause) !== "SQLITE_BUSY") throw cause;
    throw new Fault(`another logger is writing ${file}`, {
      remedy: "Stop it, or name another file in DB_FILE: a store has one writer.",
      exitCode: EXIT_CODES.tryLater,
      cause,
    });
  }
  return { [Symbol.dispose]: () => database.close() };
}
