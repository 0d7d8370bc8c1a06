import { DAY_US, HOUR_US, monthOf, spanOf } from "./history-folder.ts";

/** What a file holds: the points of one flush, of some hours, of a day or of a month. */
export const LEVELS = { flush: 0, hours: 1, day: 2, month: 3 } as const;
export type Level = (typeof LEVELS)[keyof typeof LEVELS];

/** A file of points as far as a plan goes. */
export interface PlannedFile {
  number: number;
  /** The UTC day of its points, or the month. */
  part: string;
  level: Level;
  /** Of one level, the points of a file with a lower one arrived earlier. */
  arrival: number;
  rows: number;
}

/** Files that become one. */
export interface MergePlan<File extends PlannedFile> {
  /** In the order of arrival. */
  inputs: readonly File[];
  part: string;
  level: Level;
}

/** So many files of flushes become one of some hours. */
const FLUSHES = 12;
/** So many of these become one again, where a day has so many points. */
const HOURS_MAX = 36;
/** So many files wait at most beside the one of a day that has ended, however small they are. */
const HOURS_WAITING_MAX = 12;
/** The same for a month. */
const DAYS_WAITING_MAX = 62;
/** Late points join a file that has at most so many times as many: then each is written only a few times. */
const SIZE_TIMES = 4;
/** A day or a month has ended a little later for what was under way. */
const GRACE_US = HOUR_US;
/** A shorter history loses its days one by one. */
const MONTHS_FROM_US = 100 * DAY_US;

/** @returns whether months are merged, where points are kept for so long. */
export function mergesMonths(historyUs: number): boolean {
  return historyUs >= MONTHS_FROM_US;
}

/**
 * Plans the next merge of a stream's files. Of a level, all files of the day or month are taken, so that the levels tell
 * the order of arrival; see `inOrderOfArrival`.
 *
 * @returns `null` when there is nothing to merge.
 */
export function planMerge<File extends PlannedFile>(
  files: readonly File[],
  { nowUs, withMonths }: { nowUs: number; withMonths: boolean },
): MergePlan<File> | null {
  const hasEnded = (part: string) => spanOf(part).toUs + GRACE_US <= nowUs;
  const days = Map.groupBy(
    files.filter(({ level }) => level < LEVELS.month),
    ({ part }) => part,
  );
  for (const [day, ofDay] of days) {
    const plan = planDay(day, ofDay, hasEnded(day));
    if (plan !== null) return plan;
  }
  if (!withMonths) return null;
  for (const [month, ofMonth] of Map.groupBy(files, ({ part }) => monthOf(part))) {
    const plan = hasEnded(month) ? planWhole(month, LEVELS.month, ofMonth, DAYS_WAITING_MAX) : null;
    if (plan !== null) return plan;
  }
  return null;
}

/**
 * The order in which the points of files arrived: a month before its days, a day before its hours, these before single
 * flushes.
 */
function inOrderOfArrival(
  one: Pick<PlannedFile, "level" | "arrival">,
  other: Pick<PlannedFile, "level" | "arrival">,
): number {
  return other.level - one.level || one.arrival - other.arrival;
}

function planDay<File extends PlannedFile>(
  day: string,
  files: readonly File[],
  hasEnded: boolean,
): MergePlan<File> | null {
  const whole = hasEnded ? planWhole(day, LEVELS.day, files, HOURS_WAITING_MAX) : null;
  if (whole !== null) return whole;
  const flushes = files.filter(({ level }) => level === LEVELS.flush);
  if (flushes.length >= FLUSHES) return planOf(flushes, day, LEVELS.hours);
  const hours = files.filter(({ level }) => level === LEVELS.hours);
  return hours.length >= HOURS_MAX ? planOf(hours, day, LEVELS.hours) : null;
}

/** All of a day or a month that has ended, where what waits is worth writing the rest again. */
function planWhole<File extends PlannedFile>(
  part: string,
  level: Level,
  files: readonly File[],
  waitingMax: number,
): MergePlan<File> | null {
  if (files.length < 2) return null;
  const isWaiting = (file: File) => file.level < level;
  const waiting = files.filter(isWaiting);
  const whole = files.filter((file) => !isWaiting(file));
  const isWorth = rowsOf(waiting) * SIZE_TIMES >= rowsOf(whole);
  // Those of single flushes become fewer first.
  const waitingLong = waiting.filter((file) => file.level !== LEVELS.flush);
  if (waiting.length === 0 || (!isWorth && waitingLong.length < waitingMax)) return null;
  return planOf(files, part, level);
}

function planOf<File extends PlannedFile>(
  files: readonly File[],
  part: string,
  level: Level,
): MergePlan<File> {
  return { inputs: files.toSorted(inOrderOfArrival), part, level };
}

function rowsOf(files: readonly PlannedFile[]): number {
  return files.reduce((rows, file) => rows + file.rows, 0);
}
