import { rmSync } from "node:fs";

/** Removes a database file. The journals go first: one without its file would lie there for ever. */
export function removeWithJournals(file: string): void {
  for (const journal of ["-wal", "-shm", "-journal", ""]) rmSync(file + journal, { force: true });
}
