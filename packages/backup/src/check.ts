import { statSync } from "node:fs";
import { errorMessage, Fault } from "@weir/runtime";
import Sqlite from "better-sqlite3";
import { hashOf, ObjectFolder } from "./objects.ts";
import { bytesOf, readSnapshot, type SnapshotFile } from "./snapshot.ts";

/** So many problems are named. */
const SHOWN_MAX = 20;

/**
 * Reads everything that a snapshot needs: each file must hold what it did, and each database must be whole.
 *
 * @param onChanged called with the hash of each file that does not hold what it did.
 * @returns how many files and bytes it has.
 * @throws Fault naming what is not as it was.
 */
export async function checkSnapshot(
  folder: string,
  name: string,
  signal: AbortSignal,
  onChanged: (hash: string) => void = () => {},
): Promise<{ files: number; bytes: number }> {
  const { files } = readSnapshot(folder, name);
  const objects = new ObjectFolder(folder);
  const problems: string[] = [];
  const checked = new Set<string>();
  for (const file of files) {
    if (checked.has(file.hash)) continue;
    checked.add(file.hash);
    const problem = await problemOf(file, { object: objects.fileOf(file.hash), signal, onChanged });
    if (problem !== null) problems.push(`${file.path}: ${problem}`);
  }
  throwProblems(problems, `the snapshot ${name} in ${folder}`);
  return { files: files.length, bytes: bytesOf(files) };
}

/** What is wrong with the object of a file; `null` for nothing. */
async function problemOf(
  file: SnapshotFile,
  {
    object,
    signal,
    onChanged,
  }: { object: string; signal: AbortSignal; onChanged: (hash: string) => void },
): Promise<string | null> {
  if (statSync(object, { throwIfNoEntry: false }) === undefined) return `${object} is missing`;
  const { hash } = await hashOf(object, signal);
  if (hash !== file.hash) {
    onChanged(file.hash);
    return `${object} does not hold what it did`;
  }
  return isDatabase(file) ? databaseProblem(object) : null;
}

export function isDatabase({ path, database }: SnapshotFile): boolean {
  return database !== null || path.endsWith(".db");
}

/** What SQLite finds wrong with a database; `null` for nothing. */
export function databaseProblem(file: string): string | null {
  try {
    const database = new Sqlite(file, { readonly: true, fileMustExist: true });
    try {
      const found = database.pragma("quick_check(1)", { simple: true });
      return found === "ok" ? null : `the database is damaged: ${found}`;
    } finally {
      database.close();
    }
  } catch (error) {
    return `the database is damaged: ${errorMessage(error)}`;
  }
}

/** @throws Fault where there are any. */
export function throwProblems(problems: readonly string[], what: string): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, SHOWN_MAX);
  const others = problems.length - shown.length;
  if (others > 0) shown.push(`and ${others} more`);
  throw new Fault(`${what} is not whole:\n  ${shown.join("\n  ")}`, {
    remedy:
      "Take another snapshot, or copy the folder of backups here once more. weir restore --damaged puts back a database that was damaged before it was taken.",
  });
}
