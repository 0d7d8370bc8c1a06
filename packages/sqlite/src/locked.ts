import { errorCode } from "@weir/fault";

/** How long SQLite itself waits for a lock: the whole process stops for it. What takes longer is tried again. */
export const LOCK_MS_MAX = 50;

/** Whether something failed because another program has locked the file, which ends by itself. */
export function isLocked(error: unknown): boolean {
  if (errorCode(error)?.startsWith("SQLITE_BUSY")) return true;
  return error instanceof Error && error.cause !== undefined && isLocked(error.cause);
}
