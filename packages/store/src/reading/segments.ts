import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { entriesOf, errorCode, errorMessage, Fault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { archiveOf, segmentExists, segmentOfArchive } from "../archive/archive-name.ts";
import { UnreadableArchive } from "../archive/archive-schema.ts";
import { DAY_FOLDER, dayOf, stampOf } from "../rotation/make-segment.ts";
import { isDamage } from "../segment/damage.ts";
import { APPLICATION_ID, SCHEMA_VERSION, schemaVersion } from "../segment/schema.ts";
import { cursorFault, type StreamPlace } from "./query.ts";
import { CLOCK_STEP_US_MAX } from "./select-rows.ts";

/** Part of a stream that could not be read, and was skipped. */
export interface Skipped {
  /** The segment's file name. */
  segment: string;
  /** `removed`: retention was faster. `unreadable`: damaged, or not a store. */
  kind: "removed" | "unreadable";
  reason: string;
}

/** The file is not a store of a format that is known here. */
class NotAStore extends Error {}

/** Whether another process has the file to itself for a moment: while it is being finished. */
export function isBusy(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"));
}

/**
 * Why a segment that cannot be read is skipped.
 *
 * @throws Fault when the reason is not in the segment itself, so that going on would hide it.
 */
export function skippedBecause(error: unknown, { name, file }: Segment): Skipped {
  if (error instanceof Fault) throw error;
  if (!segmentExists(file)) {
    return { segment: name, kind: "removed", reason: `${file} no longer exists` };
  }
  if (error instanceof UnreadableArchive) {
    const reason = `${archiveOf(file)} cannot be read: ${errorMessage(error)}`;
    return { segment: name, kind: "unreadable", reason };
  }
  if (isDamage(error) || error instanceof NotAStore) {
    const reason = `${file} cannot be read: ${errorMessage(error)}`;
    return { segment: name, kind: "unreadable", reason };
  }
  throw new Fault(`${file} cannot be read: ${errorMessage(error)}`, {
    remedy: isBusy(error)
      ? "Another process has it to itself; try again when that has finished."
      : "A file that is being written can be read only by who may also write to its folder.",
    cause: error,
  });
}

/** One file of a stream. Segments are in order when their names are. */
export interface Segment {
  /** Without folders. It ends in `.db`, also when the segment has been archived. */
  name: string;
  /** Where its database is, or was before it was archived: see `archiveOf`. */
  file: string;
}

const SEGMENT = /^[A-Za-z0-9._-]{1,64}-(?<stamp>\d{8}T\d{6}\.\d{6}Z)\.db$/;

const stampIn = (name: string): string => SEGMENT.exec(name)?.groups?.stamp ?? "";

/** The first segment behind the one with this name; `null` when there is none (yet). */
export function segmentAfter(place: StreamPlace, name: string): Segment | null {
  if (place.kind === "file") return null;
  return (
    segmentsFrom(place.folder, dayOf(stampIn(name))).find((segment) => segment.name > name) ?? null
  );
}

/** Whether all rows of a segment were received after a time, in microseconds since the epoch. */
export function beginsAfter({ name }: Segment, us: number): boolean {
  return stampIn(name) > stampOf(Math.min(Math.max(us, 0) + CLOCK_STEP_US_MAX, STAMPED_US_MAX));
}

// Years of four digits, which sort as text.
const STAMPED_US_MAX = Date.UTC(9999, 0) * 1_000;

/**
 * Where to begin; `null` when there is nothing (yet).
 *
 * @param fromUs leaves out segments whose successor was made ten minutes before this time: what they hold
 * is older.
 */
export function firstSegment(place: StreamPlace, fromUs: number): Segment | null {
  const segments = segmentsOf(place);
  const stamp = stampOf(Math.max(fromUs - CLOCK_STEP_US_MAX, 0));
  return segments.findLast(({ name }) => stampIn(name) < stamp) ?? segments[0] ?? null;
}

/**
 * The segment that a cursor names, whether it is still there or not.
 *
 * @throws Fault when there can be none of this name.
 */
export function segmentNamed(place: StreamPlace, name: string): Segment {
  if (place.kind === "file") {
    const only = onlySegment(place.file);
    if (name === only.name) return only;
    throw cursorFault(name, `the stream is in the file ${only.name}`);
  }
  if (!SEGMENT.test(name)) throw cursorFault(name, "no segment has such a name");
  return { name, file: join(place.folder, dayOf(stampIn(name)), name) };
}

function onlySegment(file: string): Segment {
  return { name: basename(file), file };
}

/** Every segment of a place, in order. */
export function segmentsOf(place: StreamPlace): Segment[] {
  if (place.kind === "folder") return segmentsFrom(place.folder, "");
  return existsSync(place.file) ? [onlySegment(place.file)] : [];
}

/** In order; days before `fromDay` are not even looked at. */
function segmentsFrom(folder: string, fromDay: string): Segment[] {
  const days = entriesOf(folder).filter((day) => DAY_FOLDER.test(day) && day >= fromDay);
  return days.toSorted().flatMap((day) => {
    const names = entriesOf(join(folder, day)).map(segmentOfArchive);
    return [...new Set(names)]
      .filter((name) => SEGMENT.test(name))
      .toSorted()
      .map((name) => ({ name, file: join(folder, day, name) }));
  });
}

// SQLite waits on the thread of the process. Callers wait longer by themselves.
const BUSY_MS_MAX = 20;

/** Opens a segment of any format that is known, read-only. @throws what SQLite throws, or NotAStore. */
export function openForReading(file: string): Database {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS_MAX });
  try {
    checkFormat(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkFormat(database: Database): void {
  if (database.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
    throw new NotAStore("it is not a store");
  }
  const version = schemaVersion(database);
  if (version < 1 || version > SCHEMA_VERSION) {
    throw new NotAStore(`it has format version ${version}; this Weir knows 1 to ${SCHEMA_VERSION}`);
  }
}

/** Notices what happens to an open file. @param ino that of the file, before it was opened. */
export function watchFile(database: Database, { file, ino }: { file: string; ino: number }) {
  let seenVersion: unknown = null;
  return {
    /** Whether a commit of another connection came since the last call. Takes about a microsecond. */
    hasChanged(): boolean {
      const version = database.pragma("data_version", { simple: true });
      const hasChanged = version !== seenVersion;
      seenVersion = version;
      return hasChanged;
    },
    /** False when the file no longer exists, or another one has taken its place. */
    isCurrent: (): boolean => statSync(file, { throwIfNoEntry: false })?.ino === ino,
  };
}
