import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";

/** What bounds a file's size; `null` is no limit. */
export interface RoomLimits {
  /** The file itself, its write-ahead log not included. */
  bytesMax: number | null;
  /** So much of the disk stays free. */
  freeDiskBytesMin: number | null;
}

/** How large a file is, inside and on the disk. */
export interface Room {
  pageBytes: number;
  /** Pages of the file, the free ones among them. */
  pages: number;
  freePages: number;
  /** As the file system has it: behind, while the write-ahead log is not checkpointed. */
  fileBytes: number;
  freeDiskBytes: number;
}

/** @returns measures an open file. */
export function prepareMeasure(database: Database, file: string): () => Room {
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

export function usedBytesOf({ pages, freePages, pageBytes }: Room): number {
  return (pages - freePages) * pageBytes;
}

/** How many bytes of rows are too many. */
export function bytesToRemove(room: Room, limits: RoomLimits): number {
  let allowedBytes = Number.POSITIVE_INFINITY;
  if (limits.bytesMax !== null) allowedBytes = limits.bytesMax * (1 - HEADROOM);
  const lackingBytes = lackingDiskBytes(room, limits);
  // Measured from the file on the disk, so that what was given back already does not count again.
  if (lackingBytes > 0) allowedBytes = Math.min(allowedBytes, room.fileBytes - lackingBytes);
  return Math.max(0, usedBytesOf(room) - allowedBytes);
}

/** How many free pages are to go back to the disk. */
export function pagesToRelease(room: Room, limits: RoomLimits): number {
  const { pages, freePages, pageBytes } = room;
  const beyondSlack = freePages - Math.ceil((pages - freePages) * SLACK);
  const beyondLimit =
    limits.bytesMax === null ? 0 : pages - Math.floor(limits.bytesMax / pageBytes);
  const lackingBytes = Math.max(0, lackingDiskBytes(room, limits));
  const lacking = Math.ceil((lackingBytes - (room.fileBytes - pages * pageBytes)) / pageBytes);
  return Math.min(freePages, Math.max(0, beyondSlack, beyondLimit, lacking));
}

function lackingDiskBytes({ freeDiskBytes }: Room, { freeDiskBytesMin }: RoomLimits): number {
  return freeDiskBytesMin === null ? 0 : freeDiskBytesMin - freeDiskBytes;
}
