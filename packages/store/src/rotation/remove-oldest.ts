import { rm, rmdir, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Catalogue, SegmentInfo } from "./catalogue.ts";
import { type ClosedSegment, type FolderLimits, segmentsToRemove } from "./removal.ts";
import { readSealOf } from "./seal.ts";

/** What a pass has removed. */
export interface RemovedSegments {
  files: string[];
  bytes: number;
  /** The pass ended at its own limit: there may be more to remove. */
  more: boolean;
}

/** Removes closed segments, the oldest first. */
export type RemoveOldest = (limits: FolderLimits) => Promise<RemovedSegments>;

// Each segment is opened once, to read its seal, on the thread that commits.
const LOOKED_INTO_MAX = 16;
const REMOVED_MAX = 16;

export function createRemoval(folder: string, catalogue: Catalogue): RemoveOldest {
  const endsUs = new Map<string, number>();

  /** The oldest closed segments, as many as have been looked into: a few more with each call. */
  function lookInto(infos: readonly SegmentInfo[]): ClosedSegment[] {
    const closed: ClosedSegment[] = [];
    let looked = 0;
    for (const { name, file, bytes, createdUs } of infos) {
      let endUs = endsUs.get(name);
      if (endUs === undefined) {
        looked += 1;
        if (looked > LOOKED_INTO_MAX) break;
        endUs = readEnd(file) ?? createdUs;
        endsUs.set(name, endUs);
      }
      closed.push({ name, file, bytes, endUs });
    }
    return closed;
  }

  return async (limits) => {
    const infos = catalogue.infos();
    const { bavail, bsize } = await statfs(folder);
    const closed = infos.filter(({ state }) => state !== "live");
    const facts = {
      closed: lookInto(closed),
      bytes: infos.reduce((sum, { bytes }) => sum + bytes, 0),
      freeDiskBytes: bavail * bsize,
    };
    const removable = segmentsToRemove(facts, limits);
    const removed = removable.slice(0, REMOVED_MAX);
    for (const { name, file } of removed) {
      await removeFile(file);
      catalogue.drop(name);
      endsUs.delete(name);
      await removeDay(dirname(file), dirname(catalogue.live().file));
    }
    const hasUnseen = removed.length === facts.closed.length && removed.length < closed.length;
    return {
      files: removed.map(({ file }) => file),
      bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
      more: removed.length > 0 && (hasUnseen || removable.length > removed.length),
    };
  };
}

/** Off the thread that commits: to remove a large file takes a while. */
async function removeFile(file: string): Promise<void> {
  // What lies beside it goes first: without its file it would lie there for ever.
  for (const beside of ["-wal", "-shm", "-journal", ".suspect"]) {
    await rm(file + beside, { force: true });
  }
  await rm(file, { force: true });
}

/** Removes a day's folder when it is empty; the live segment's is one that the next may need. */
async function removeDay(day: string, liveDay: string): Promise<void> {
  if (day >= liveDay) return;
  try {
    await rmdir(day);
  } catch {
    // Something else is in it.
  }
}

function readEnd(file: string): number | null {
  try {
    return readSealOf(file)?.sealedUs ?? null;
  } catch {
    // Whoever finishes it says what is wrong with it; its name tells its age well enough.
    return null;
  }
}
