import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { isDiskFull } from "../segment/segment-file.ts";

/** What bounds a file's size; `null` is no limit. */
export interface SpaceLimits {
  /** The file itself, its write-ahead log not included. */
  bytesMax: number | null;
  freeDiskBytesMin: number | null;
}

/** How large a file is, inside and on the disk. */
export interface FileSpace {
  pageBytes: number;
  /** Pages of the file, the free ones among them. */
  pages: number;
  freePages: number;
  /** As the file system has it: behind, while the write-ahead log is not checkpointed. */
  fileBytes: number;
  freeDiskBytes: number;
}

/** @returns measures an open file. */
export function prepareMeasure(database: Database, file: string): () => FileSpace {
  const read = (pragma: string): number => database.pragma(pragma, { simple: true }) as number;
  return () => {
    const { bavail, bsize } = statfsSync(dirname(file));
    return {
      pageBytes: read("page_size"),
      pages: read("page_count"),
      freePages: read("freelist_count"),
      fileBytes: statSync(file).size,
      freeDiskBytes: bavail * bsize,
    };
  };
}

// What is removed ahead of need. New rows go into its pages, so that the file does not grow beyond its
// limit between two passes.
const HEADROOM = 1 / 16;
// Free pages that are kept, in relation to those in use, for new rows.
const SLACK = 1 / 4;

export function usedBytesOf({ pages, freePages, pageBytes }: FileSpace): number {
  return (pages - freePages) * pageBytes;
}

/** How many bytes of rows are too many. */
export function bytesToRemove(space: FileSpace, limits: SpaceLimits): number {
  let allowedBytes = Number.POSITIVE_INFINITY;
  if (limits.bytesMax !== null) allowedBytes = limits.bytesMax * (1 - HEADROOM);
  const lackingBytes = lackingDiskBytes(space, limits);
  // Measured from the file on the disk, so that what was given back already does not count again.
  if (lackingBytes > 0) allowedBytes = Math.min(allowedBytes, space.fileBytes - lackingBytes);
  return Math.max(0, usedBytesOf(space) - allowedBytes);
}

/** How many free pages are to go back to the disk. */
export function pagesToRelease(space: FileSpace, limits: SpaceLimits): number {
  const { pages, freePages, pageBytes } = space;
  const beyondSlack = freePages - Math.ceil((pages - freePages) * SLACK);
  const beyondLimit =
    limits.bytesMax === null ? 0 : pages - Math.floor(limits.bytesMax / pageBytes);
  const lackingBytes = Math.max(0, lackingDiskBytes(space, limits));
  const lacking = Math.ceil((lackingBytes - (space.fileBytes - pages * pageBytes)) / pageBytes);
  return Math.min(freePages, Math.max(0, beyondSlack, beyondLimit, lacking));
}

function lackingDiskBytes({ freeDiskBytes }: FileSpace, { freeDiskBytesMin }: SpaceLimits): number {
  return freeDiskBytesMin === null ? 0 : freeDiskBytesMin - freeDiskBytes;
}

/** What a task may use on a disk that is short. */
export interface Shortage {
  /** The part of the free space that belongs to the ballast. */
  lentBytes: number;
  /** So much is to be free besides. */
  freeBytesMin: number;
}

/**
 * A pass of retention first brings a full write-ahead log into the file (1,000 pages, 4 MiB), then
 * writes as much again.
 */
export const BALLAST_BYTES: number = 8 * 1024 * 1024;
const NOISE_BYTES = 1024 * 1024;

/**
 * Opens the ballast of a store: a file beside it that only takes up space, to give it up when the disk is
 * full. To delete rows SQLite writes a log first, and without space for its index it does not even open.
 *
 * Its space is lent to what deletes, and taken back at once. Commits never get it: they would use it up,
 * and nothing could be deleted after them.
 *
 * @param owner the path that it lies beside; it is called `<owner>.ballast`.
 */
export function openBallast(owner: string, bytes: number = BALLAST_BYTES) {
  const file = `${owner}.ballast`;
  // Measured each time: an operator who needs space may have removed it.
  const sizeNow = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const isShort = (): boolean => freeBytesAt(owner) + sizeNow() < 2 * bytes;

  function grow(toBytes: number): void {
    let heldBytes = sizeNow();
    if (heldBytes >= toBytes || !existsSync(dirname(file))) return;
    // Noise, because what a file system can compress would take up no space.
    const noise = randomBytes(Math.min(toBytes, NOISE_BYTES));
    const descriptor = openSync(file, "a");
    try {
      while (heldBytes < toBytes) {
        heldBytes += writeSync(descriptor, noise, 0, Math.min(noise.length, toBytes - heldBytes));
      }
    } catch (error) {
      // The opened store has kept some of it; what is there serves as well.
      if (!isDiskFull(error)) throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  function lend<T>(task: (lentBytes: number) => T): T {
    const lentBytes = sizeNow();
    if (lentBytes > 0) truncateSync(file);
    try {
      return task(lentBytes);
    } finally {
      grow(lentBytes);
    }
  }

  function keep(): void {
    if (sizeNow() < bytes && !isShort()) grow(bytes);
  }

  keep();
  return {
    /** Whether less than the ballast's size would be free beside a whole ballast. */
    isShort,
    /** Makes it whole, unless the disk is short. */
    keep,
    /** Runs what has to work on a full disk, too: while the disk is short, with the ballast's space. */
    lendWhenShort: <T>(task: () => T): T => (isShort() ? lend(task) : task()),
    /** Runs what deletes. If the disk is full, runs it once more with the ballast's space, if there is one. */
    lendOnFailure<T>(task: (shortage: Shortage | null) => T): T {
      try {
        const isTight = sizeNow() > 0 && isShort();
        const done = task(isTight ? { lentBytes: 0, freeBytesMin: bytes } : null);
        keep();
        return done;
      } catch (error) {
        if (sizeNow() === 0 || !isDiskFull(error)) throw error;
      }
      return lend((lentBytes) => task({ lentBytes, freeBytesMin: bytes }));
    },
  };
}

function freeBytesAt(path: string): number {
  const folder = dirname(path);
  // If the folder has gone, the next write into it reports that.
  if (!existsSync(folder)) return Number.POSITIVE_INFINITY;
  const { blocks, bavail, bsize } = statfsSync(folder);
  // Some network file systems report no size.
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}

/** Runs what opens a store. On a full disk the error that it throws says so. */
export function orFullFault<T>(place: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    throw new Fault(`${place} cannot be opened: the disk is full`, {
      remedy: "Free some disk space.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** Runs a pass of retention. On a full disk the error that it throws says so. */
export function orPruneFault<T>(file: string, pass: () => T): T {
  try {
    return pass();
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    throw new Fault(`nothing can be removed from ${file}: ${errorMessage(cause)}`, {
      remedy: "Free some disk space. Weir tries again at the next start.",
      cause,
    });
  }
}
