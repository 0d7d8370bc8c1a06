import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const stateSchema = z.object({
  /** The folder of the backups, as the process that makes them sees it. */
  folder: z.string(),
  /** The newest snapshot, `null` for none. */
  snapshot: z.string().nullable(),
  /** When it was complete, in milliseconds since the epoch. */
  endedMs: z.number().nullable(),
  /** Why the last attempt has failed; `null` where it has succeeded. */
  problem: z.string().nullable(),
  /** When the last attempt ended. */
  triedMs: z.number(),
  /** How often there should be one; `null` where no process repeats it. */
  everyMs: z.number().nullable(),
});

/** How the backups of a suite are getting on, for whoever looks after it. */
export type BackupState = z.infer<typeof stateSchema>;

/** Where it stands: beside the store. @param storeFile as DB_FILE names it. */
function backupStateFileOf(storeFile: string): string {
  return join(dirname(storeFile), "backup.json");
}

/** @returns `null` where there never was a backup, or the file cannot be read. */
export function readBackupState(storeFile: string): BackupState | null {
  try {
    const text = readFileSync(backupStateFileOf(storeFile), "utf8");
    return stateSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Replaces the file as a whole. @throws Error where it cannot be written. */
export function writeBackupState(storeFile: string, state: BackupState): void {
  const file = backupStateFileOf(storeFile);
  writeFileSync(`${file}.writing`, `${JSON.stringify(state, null, 1)}\n`, { flush: true });
  renameSync(`${file}.writing`, file);
}

/** So many times the time between two, and the next one is overdue. */
const OVERDUE = 2;

/** Why there is no new backup; `null` where all is well. */
export function backupProblem(
  { problem, everyMs, endedMs, triedMs }: BackupState,
  nowMs: number,
): string | null {
  if (problem !== null || everyMs === null) return problem;
  const isOverdue = nowMs - (endedMs ?? triedMs) > OVERDUE * everyMs;
  return isOverdue ? "the next one is overdue: the process that makes it does not run" : null;
}
