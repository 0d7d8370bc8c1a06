import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, Fault } from "@weir/runtime";
import { isArchived, segmentOfArchive } from "../archive/archive-name.ts";
import {
  type DamagedLog,
  type DamagedStore,
  isDamage,
  keepDamagedLog,
  setAsideIfDamaged,
} from "../segment/damage.ts";
import { identifyFile } from "../segment/segment-file.ts";
import {
  completeSeal,
  DAY_FOLDER,
  isFinished,
  MAKING,
  makeSegment,
  nextSegmentName,
  parseSegmentName,
  type RotationStep,
  readSealOf,
  type SegmentName,
  unmakeSegment,
} from "./make-segment.ts";

/**
 * How long a start waits for the lock of a segment. The finishing process of a killed logger goes on, and locks its
 * segment in the last steps, which sync the disk. Other loggers are kept out by the lock of the folder.
 */
const FINISHING_MS_MAX = 5_000;

interface SettleOptions {
  folder: string;
  stream: string;
  nowUs: number;
  onStep: (step: RotationStep) => void;
}

/** A stream's folder in which every segment but the last is sealed. */
export interface SettledFolder {
  /** In order; the last is the live one. */
  segments: SegmentName[];
  /** The time in the newest name, those of damaged segments included. */
  newestUs: number;
  damaged: DamagedStore | null;
  damagedLog: DamagedLog | null;
}

/**
 * Puts a folder in order, whatever a kill has left of it: incomplete segments vanish, a damaged live
 * one is put aside, the newest valid one is the live one, all before it are sealed.
 */
export function settleFolder(options: SettleOptions): SettledFolder {
  const { folder, stream, nowUs } = options;
  const { segments, leftovers, newestUs } = listSegmentFolder(folder, stream);
  for (const leftover of leftovers) rmSync(leftover);

  const last = segments.at(-1);
  const damagedLog = last === undefined ? null : keepDamagedLog(join(folder, last.name), nowUs);
  const damaged = setDamagedAside(segments, options);
  const newest = segments.at(-1);
  const isClosed = (file: string) =>
    isArchived(file) || isFinished(statSync(file)) || readSealOf(file, FINISHING_MS_MAX) !== null;
  if (newest === undefined || damaged !== null || isClosed(join(folder, newest.name))) {
    // Where the live one was damaged or removed, the next continues the last valid one.
    const begun = nextSegmentName(stream, { nowUs, newestUs });
    begin(begun, newest ?? null, options);
    segments.push(begun);
  }
  sealAllButLast(segments, options);
  const live = segments.at(-1) as SegmentName;
  return { segments, newestUs: Math.max(newestUs ?? 0, live.namedUs), damaged, damagedLog };
}

/** Takes what is damaged off the end of the list. */
function setDamagedAside(
  segments: SegmentName[],
  { folder, nowUs }: SettleOptions,
): DamagedStore | null {
  let damaged: DamagedStore | null = null;
  for (let last = segments.at(-1); last !== undefined; last = segments.at(-1)) {
    const file = join(folder, last.name);
    if (isArchived(file)) break;
    const found = setAsideIfDamaged(file, nowUs, { isOurs: true, lockMs: FINISHING_MS_MAX });
    if (found === null) {
      // Refuses what a newer version has written.
      identifyFile(file, FINISHING_MS_MAX);
      break;
    }
    damaged ??= found;
    segments.pop();
  }
  return damaged;
}

function begin(
  { name }: SegmentName,
  predecessor: SegmentName | null,
  { folder, stream, nowUs, onStep }: SettleOptions,
): void {
  const file = join(folder, name);
  try {
    makeSegment({
      file,
      facts: { stream, createdUs: nowUs },
      predecessor: predecessor === null ? null : join(folder, predecessor.name),
      onStep,
    });
  } catch (cause) {
    unmakeSegment(file);
    throw new Fault(`${file} cannot be made: ${errorMessage(cause)}`, {
      remedy: `Free some disk space, and make ${folder} writable for this user.`,
      cause,
    });
  }
}

function sealAllButLast(segments: readonly SegmentName[], { folder, nowUs }: SettleOptions): void {
  for (const [index, { name }] of segments.entries()) {
    const successor = segments[index + 1];
    const file = join(folder, name);
    if (successor === undefined || isArchived(file) || isFinished(statSync(file))) continue;
    try {
      completeSeal(file, { sealedUs: nowUs, successor: successor.name }, FINISHING_MS_MAX);
    } catch (error) {
      // It is no longer written: its readers and the finalizer report the damage.
      if (!isDamage(error)) throw error;
    }
  }
}

/** Lists the segments of one stream, archived or not, and skips other files. */
export function listSegmentFolder(folder: string, stream: string) {
  const listing = {
    /** Complete segments, in the order of their names: the last is the newest. */
    segments: [] as SegmentName[],
    /** As paths: segments and archives that were never completed, and archives whose segment is still there. */
    leftovers: [] as string[],
    /** The time in the newest name, those of damaged and incomplete segments included. */
    newestUs: null as number | null,
  };
  for (const day of readdirSync(folder)) {
    if (!DAY_FOLDER.test(day)) continue;
    for (const entry of readdirSync(join(folder, day))) {
      const name = segmentOfArchive(entry);
      const parsed = parseSegmentName(stream, { day, entry: name });
      if (parsed === null) continue;
      const { suffix, ...segment } = parsed;
      listing.newestUs = Math.max(listing.newestUs ?? 0, segment.namedUs);
      const isDoubled = suffix === "" && name !== entry && existsSync(join(folder, segment.name));
      if (isDoubled) listing.leftovers.push(join(folder, day, entry));
      else if (suffix === "") listing.segments.push(segment);
      else if (suffix.startsWith(MAKING)) listing.leftovers.push(join(folder, day, entry));
    }
  }
  listing.segments.sort((a, b) => a.namedUs - b.namedUs);
  return listing;
}
