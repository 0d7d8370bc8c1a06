import { statSync } from "node:fs";
import { rm, rmdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isFinished, readSealOf } from "./make-segment.ts";
import type { SegmentName } from "./segment-name.ts";

/** What a folder of segments may hold. `null` is no limit. */
export interface FolderLimits {
  nowUs: number;
  /** Segments that ended before this are too old, in microseconds since the epoch. */
  ageCutoffUs: number | null;
  /** All segments together, the live one included. */
  bytesMax: number | null;
  /** So much of the disk is left to others. */
  freeDiskBytesMin: number | null;
}

/** A segment that is closed. */
export interface ClosedSegment {
  name: string;
  file: string;
  /** When it was sealed, in microseconds since the epoch, by the clock of then. */
  endUs: number;
  bytes: number;
}

/** What is decided upon. */
interface FolderFacts {
  /** The oldest closed segments, in order. */
  closed: readonly ClosedSegment[];
  /** All segments, the live one included. */
  bytes: number;
  freeDiskBytes: number;
}

/**
 * The segments that are to go, oldest first: never one before which another stays, and never the live
 * one, which is not among them.
 */
export function segmentsToRemove(facts: FolderFacts, limits: FolderLimits): ClosedSegment[] {
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
 * A segment that was sealed while the clock was ahead would never grow old: it ended before the ones
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

/** One file of a stream. */
export interface SegmentInfo {
  /** Relative to the stream's folder, with a slash. */
  name: string;
  file: string;
  /** The time in its name: when it was begun, or just after the segment before it if the clock was set back. */
  createdUs: number;
  /** With its write-ahead log, while it has one. */
  bytes: number;
  /** `sealed` has its last row; `finished` is one portable, read-only file besides. */
  state: "live" | "sealed" | "finished";
}

/** The segments of an open store, without reading the folder again and again. */
export interface Catalogue {
  live(): SegmentName & { file: string };
  /** The next live one. */
  add(segment: SegmentName): void;
  drop(name: string): void;
  /** In order; the last is the live one. What somebody has taken away by hand is passed over. */
  infos(): SegmentInfo[];
}

export function createCatalogue(folder: string, found: readonly SegmentName[]): Catalogue {
  let segments = [...found];
  // A finished one changes no more: there may be thousands.
  const finished = new Map<string, SegmentInfo>();
  const pathOf = ({ name }: SegmentName): string => join(folder, name);
  const newest = (): SegmentName => segments.at(-1) as SegmentName;

  function infoOf(segment: SegmentName): SegmentInfo | null {
    const known = finished.get(segment.name);
    if (known !== undefined) return known;
    const info = readInfo(segment, pathOf(segment));
    if (info === null || segment === newest()) return info && { ...info, state: "live" };
    if (info.state === "finished") finished.set(segment.name, info);
    return info;
  }

  return {
    live: () => ({ ...newest(), file: pathOf(newest()) }),
    add: (segment) => {
      segments.push(segment);
    },
    drop: (name) => {
      segments = segments.filter((segment) => segment.name !== name);
      finished.delete(name);
    },
    infos: () => segments.map(infoOf).filter((info) => info !== null),
  };
}

function readInfo({ name, namedUs }: SegmentName, file: string): SegmentInfo | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const facts = { name, file, createdUs: namedUs };
  if (isFinished(stats)) return { ...facts, bytes: stats.size, state: "finished" };
  const journal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  return { ...facts, bytes: stats.size + (journal?.size ?? 0), state: "sealed" };
}
