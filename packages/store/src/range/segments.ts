import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { errorCode } from "@weir/fault";
import { DAY_FOLDER, segmentName } from "../rotation/segment-name.ts";
import { cursorFault } from "./cursor.ts";
import type { StreamPlace } from "./query.ts";

/** One file of a stream. Segments are in order when their names are. */
export interface Segment {
  /** Without folders. */
  name: string;
  file: string;
}

const DAY_LENGTH = "2026-11-21/".length;
const SEGMENT = /^[A-Za-z0-9._-]{1,64}-(?<stamp>(?<day>\d{8})T\d{6}\.\d{6}Z)\.db$/;

/** The first segment behind the one with this name; `null` when there is none (yet). */
export function segmentAfter(place: StreamPlace, name: string): Segment | null {
  if (place.kind === "file") return null;
  return segmentsFrom(place.folder, dayOf(name)).find((segment) => segment.name > name) ?? null;
}

/**
 * Where to begin; `null` when there is nothing (yet).
 *
 * @param fromUs leaves out segments whose successor was made before this time: what they hold is older.
 */
export function firstSegment(place: StreamPlace, fromUs: number): Segment | null {
  if (place.kind === "file") return existsSync(place.file) ? onlySegment(place.file) : null;
  const segments = segmentsFrom(place.folder, "");
  const stamp = stampOf(fromUs);
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
  return { name, file: join(place.folder, dayOf(name), name) };
}

function onlySegment(file: string): Segment {
  return { name: basename(file), file };
}

/** In order; days before `fromDay` are not even looked at. */
function segmentsFrom(folder: string, fromDay: string): Segment[] {
  const days = entriesOf(folder).filter((day) => DAY_FOLDER.test(day) && day >= fromDay);
  return days.toSorted().flatMap((day) =>
    entriesOf(join(folder, day))
      .filter((name) => SEGMENT.test(name))
      .toSorted()
      .map((name) => ({ name, file: join(folder, day, name) })),
  );
}

/** Retention may remove a folder between two looks. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}

function dayOf(name: string): string {
  const day = SEGMENT.exec(name)?.groups?.day ?? "";
  return day.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
}

const stampIn = (name: string): string => SEGMENT.exec(name)?.groups?.stamp ?? "";

/** A time as names have it. */
function stampOf(timeUs: number): string {
  return stampIn(segmentName("any", Math.max(timeUs, 0)).name.slice(DAY_LENGTH));
}
