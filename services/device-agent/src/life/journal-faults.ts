import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/fault";

const DAMAGED: ReadonlySet<string | null> = new Set(["SQLITE_CORRUPT", "SQLITE_NOTADB"]);

/** Runs a step of a journal; what SQLite throws becomes a fault that says what to do. */
export function orJournalFault<T>(file: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const code = errorCode(cause)?.split("_").slice(0, 2).join("_") ?? null;
    if (DAMAGED.has(code)) throw damaged(file, errorMessage(cause), cause);
    throw new Fault(`the journal ${file} cannot be written: ${errorMessage(cause)}`, {
      remedy:
        "Make room on its disk and see that this user may write there. Nothing was obeyed meanwhile; the broker sends commands again.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** What to do about a journal that is damaged, and what that costs. */
export function damaged(file: string, found: string, cause?: unknown): Fault {
  return new Fault(`the journal ${file} is damaged: ${found}`, {
    remedy: `Move it away (with ${file}-wal and ${file}-shm, if they are there) and start again with an empty one. What it held is lost: commands that had not begun, answers that were not sent, and which ids were obeyed, so do not send those again.`,
    exitCode: EXIT_CODES.fault,
    cause,
  });
}
