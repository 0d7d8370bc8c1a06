import { statSync } from "node:fs";
import { rm, rmdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archiveOf } from "../archive/archive-name.ts";
import { hasHiddenRows } from "../deletion/hidden-rows.ts";
import { isFinished, readSealOf, type SegmentName } from "../rotation/make-segment.ts";
import { hiddenArchiveOf } from "../rotation/settle-archive.ts";
import { withDatabase } from "../segment/segment-file.ts";

/** What a folder of segments may hold. `null` is no limit. */
export interface FolderLimits {
  nowUs: number;
  /** Segments that ended before this are too old, in microseconds since the epoch. */
  ageCutoffUs: number | null;
  /** All segments together, the live one included. */
  bytesMax: number | null;
  freeDiskBytesMin: number | null;
}

/** A segment that is closed. */
export interface ClosedSegment extends Pick<SegmentInfo, "name" | "file" | "bytes"> {
  /** When it was sealed, in microseconds since the epoch, by the clock of then. */
  endUs: number;
}

/**
 * The segments that are to go, oldest first: never one before which another stays, and never the live
 * one.
 *
 * @param facts.closed the oldest closed segments, in order.
 * @param facts.bytes the size of all segments, the live one included.
 */
export function segmentsToRemove(
  facts: { closed: readonly ClosedSegment[]; bytes: number; freeDiskBytes: number },
  limits: FolderLimits,
): ClosedSegment[] {
  const { closed } = facts;
  const endsUs = believableEnds(closed, limits.nowUs);
  let { bytes, freeDiskBytes } = facts;
  const stays = closed.findIndex((segment, index) => {
    const isOld = limits.ageCutoffUs !== null && (endsUs[index] as number) < limits.ageCutoffUs;
    const isTooMuch = limits.bytesMax !== null && bytes > limits.bytesMax;
    const isTight = limits.freeDiskBytesMin !== null && freeDiskBytes < limits.freeDiskBytesMin;
    if (!isOld && !isTooMuch && !isTight) return true;
    bytes -= segment.bytes;
    freeDiskBytes += segment.bytes;
    return false;
  });
  return closed.slice(0, stays === -1 ? closed.length : stays);
}

/**
 * A segment that was sealed while the clock was ahead would never grow old. It ended before the ones
 * after it did, and before now.
 */
function believableEnds(closed: readonly ClosedSegment[], nowUs: number): number[] {
  let boundUs = nowUs;
  return closed
    .toReversed()
    .map(({ endUs }) => {
      boundUs = Math.min(boundUs, endUs);
      return boundUs;
    })
    .toReversed();
}

/** What a pass has removed. */
export interface RemovedSegments {
  files: string[];
  bytes: number;
  /** The pass ended at its own limit: there may be more to remove. */
  more: boolean;
}

// Each segment is opened once, to read its seal, on the thread that commits.
const SEALS_READ_MAX = 16;
const REMOVED_MAX = 16;
/** The live segment, and the one before it. */
const NEWEST_KEPT = 2;

/** One file of a stream. */
export interface SegmentInfo {
  /** Relative to the stream's folder, with a slash. */
  name: string;
  /** Its database, or its archive. */
  file: string;
  /** The time in its name: when it was begun, or just after the segment before it if the clock was set back. */
  createdUs: number;
  /** With its write-ahead log, while it has one. */
  bytes: number;
  /** `sealed` has its last row; `finished` is one portable, read-only file besides; `archived` is Parquet. */
  state: "live" | "sealed" | "finished" | "archived";
}

/** Lists the segments of an open store, without reading the folder each time, and removes the oldest. */
export function createCatalogue(folder: string, found: readonly SegmentName[]) {
  let segments = [...found];
  // A finished or archived segment changes only when it is archived or something in it is deleted, and there may be
  // thousands.
  const finished = new Map<string, SegmentInfo>();
  const endsUs = new Map<string, number>();

  function infoOf(segment: SegmentName): SegmentInfo | null {
    const known = finished.get(segment.name);
    if (known !== undefined) return known;
    const info = readInfo(segment, join(folder, segment.name));
    if (info === null || segment === segments.at(-1)) return info && { ...info, state: "live" };
    if (info.state !== "sealed") finished.set(segment.name, info);
    return info;
  }

  /** In order; the last is the live one. Skips what an operator has removed by hand. */
  const infos = (): SegmentInfo[] => segments.map(infoOf).filter((info) => info !== null);
  const bytesOf = (of: readonly Pick<SegmentInfo, "bytes">[]): number =>
    of.reduce((sum, { bytes }) => sum + bytes, 0);

  /** The oldest closed segments whose ends are known: with each call a few more. */
  function withEnds(all: readonly SegmentInfo[]): ClosedSegment[] {
    const known: ClosedSegment[] = [];
    let read = 0;
    for (const [index, { name, file, bytes, createdUs, state }] of all.entries()) {
      if (state === "live") break;
      let endUs = endsUs.get(name);
      if (endUs === undefined && state === "archived") {
        // The next one was made at the moment when this one was sealed.
        endUs = all[index + 1]?.createdUs ?? createdUs;
      } else if (endUs === undefined) {
        read += 1;
        if (read > SEALS_READ_MAX) break;
        endUs = readEnd(file) ?? createdUs;
        endsUs.set(name, endUs);
      }
      known.push({ name, file, bytes, endUs });
    }
    return known;
  }

  return {
    infos,
    bytes: (): number => bytesOf(infos()),
    add(segment: SegmentName): void {
      segments.push(segment);
    },
    /** As paths. The newest closed one stays a database: if the live one is damaged, its ledger is needed. */
    toArchive(endedBeforeUs: number): string[] {
      const all = infos();
      const isDue = new Set(
        withEnds(all.slice(0, -1))
          .filter(({ endUs }) => endUs < endedBeforeUs)
          .map(({ name }) => name),
      );
      return all
        .slice(0, -NEWEST_KEPT)
        .filter(({ name, state }) => state === "finished" && isDue.has(name))
        .filter(({ file }) => !isHiding(file))
        .map(({ file }) => file);
    },
    /** Looks again at a segment that has been archived, or that is written again. */
    lookAgainAt(file: string): void {
      const name = segments.find((segment) => join(folder, segment.name) === file)?.name;
      if (name !== undefined) finished.delete(name);
    },
    async removeOldest(limits: FolderLimits): Promise<RemovedSegments> {
      const all = infos();
      const { bavail, bsize } = await statfs(folder);
      const closed = all.filter(({ state }) => state !== "live");
      const known = withEnds(all);
      const facts = { closed: known, bytes: bytesOf(all), freeDiskBytes: bavail * bsize };
      const removable = segmentsToRemove(facts, limits);
      const removed = removable.slice(0, REMOVED_MAX);
      for (const { name, file } of removed) {
        await removeSegment(join(folder, name));
        segments = segments.filter((segment) => segment.name !== name);
        finished.delete(name);
        endsUs.delete(name);
        await removeDay(
          dirname(file),
          dirname(join(folder, (segments.at(-1) as SegmentName).name)),
        );
      }
      const hasUnseen = removed.length === known.length && removed.length < closed.length;
      return {
        files: removed.map(({ file }) => file),
        bytes: bytesOf(removed),
        more: removed.length > 0 && (hasUnseen || removable.length > removed.length),
      };
    },
  };
}

function readInfo({ name, namedUs }: SegmentName, file: string): SegmentInfo | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return readArchiveInfo({ name, namedUs }, archiveOf(file));
  const facts = { name, file, createdUs: namedUs };
  if (isFinished(stats)) return { ...facts, bytes: stats.size, state: "finished" };
  const journal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  return { ...facts, bytes: stats.size + (journal?.size ?? 0), state: "sealed" };
}

function readArchiveInfo({ name, namedUs }: SegmentName, file: string): SegmentInfo | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  // Beside it, as it was before a deletion that can be undone.
  const kept = statSync(hiddenArchiveOf(file), { throwIfNoEntry: false });
  const bytes = stats.size + (kept?.size ?? 0);
  return { name, file, createdUs: namedUs, bytes, state: "archived" };
}

/** Removes a segment with what lies beside it, off the thread that commits: a large file takes a while. */
async function removeSegment(file: string): Promise<void> {
  // The file goes last: nothing would remove what lies beside it without it.
  for (const suffix of ["-wal", "-shm", "-journal", ".suspect", ""]) {
    await rm(file + suffix, { force: true });
  }
  // Behind the database: whoever is archiving it at this moment looks whether that is still there.
  await rm(archiveOf(file), { force: true });
  await rm(hiddenArchiveOf(file), { force: true });
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

/** Whether a deletion hides rows of a segment: it can still be undone. */
function isHiding(file: string): boolean {
  try {
    return withDatabase(file, { readonly: true }, hasHiddenRows);
  } catch {
    // Archiving it reports what is wrong with it.
    return false;
  }
}

function readEnd(file: string): number | null {
  try {
    return readSealOf(file)?.sealedUs ?? null;
  } catch {
    // The finalizer reports what is wrong with it; its name is precise enough about its age.
    return null;
  }
}
