import type { Database } from "better-sqlite3";
import { isForWantOfRoom } from "./ballast.ts";
import { type MeasureRoom, pagesToRelease, type RoomLimits } from "./room.ts";

/** Gives free pages back to the disk, until `isOver` says so: then it may have been only some. */
export type GiveBack = (
  limits: RoomLimits,
  measure: MeasureRoom,
  isOver: () => boolean,
) => "all" | "some";

// What is done between two looks at the time: a few milliseconds.
const PAGES_PER_TRANSACTION = 64;

export function prepareGiveBack(database: Database): GiveBack {
  return (limits, measure, isOver) => {
    let pages = Number.POSITIVE_INFINITY;
    while (!isOver()) {
      const room = measure();
      const release = Math.min(pagesToRelease(room, limits), PAGES_PER_TRANSACTION);
      // A file that was made without incremental vacuum keeps its free pages.
      if (release === 0 || room.pages >= pages) return "all";
      pages = room.pages;
      database.pragma(`incremental_vacuum(${release})`);
    }
    return measure().pages < pages ? "some" : "all";
  };
}

/**
 * Brings what the write-ahead log holds into the file, and gives its room back to the disk. Where the
 * file cannot grow for it the log stays: what is to be deleted then fails for want of room by itself.
 * What somebody still reads out of it stays, too: to wait for that would keep commits waiting.
 */
export function emptyLog(database: Database): void {
  const busyMs = database.pragma("busy_timeout", { simple: true }) as number;
  database.pragma("busy_timeout = 0");
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!isForWantOfRoom(error)) throw error;
  } finally {
    database.pragma(`busy_timeout = ${busyMs}`);
  }
}
