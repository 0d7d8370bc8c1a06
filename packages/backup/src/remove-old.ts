import { ObjectFolder } from "./objects.ts";
import { readSnapshot, removeSnapshot, snapshotNames } from "./snapshot.ts";

/**
 * Removes all but the newest snapshots, and the files that none of these needs.
 *
 * @throws Fault when one of those that stay cannot be read: what it needs is not known then.
 */
export function removeOld(
  folder: string,
  keep: number,
): { snapshots: number; files: number; bytes: number } {
  const names = snapshotNames(folder);
  const kept = names.slice(-keep);
  const needed = new Set(
    kept.flatMap((name) => readSnapshot(folder, name).files.map(({ hash }) => hash)),
  );
  // The snapshots first: one that stands there is complete.
  const old = names.slice(0, -keep);
  for (const name of old) removeSnapshot(folder, name);
  return { snapshots: old.length, ...new ObjectFolder(folder).removeAllBut(needed) };
}
