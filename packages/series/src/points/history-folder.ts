import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { entriesOf, errorCode, fsyncFolderOf } from "@weir/runtime";

/** Where the points of all streams are. @param indexFile the index beside them. */
export function historyFolderOf(indexFile: string): string {
  return join(dirname(indexFile), "history");
}

export const DAY_US = 86_400_000_000;
export const HOUR_US = 3_600_000_000;

/** The number of a UTC day since the epoch. */
export function dayOf(us: number): number {
  return Math.floor(us / DAY_US);
}

/** A UTC day as names have it: `2026-11-27`. */
export function dayName(day: number): string {
  return new Date((day * DAY_US) / 1_000).toISOString().slice(0, 10);
}

/** The month of a day or of itself: `2026-11`. */
export function monthOf(part: string): string {
  return part.slice(0, 7);
}

/** The span of time of a day or a month, in microseconds since the epoch; the end is not in it. */
export function spanOf(part: string): { fromUs: number; toUs: number } {
  const [year, month, date] = part.split("-").map(Number) as [number, number, number | undefined];
  const fromMs = Date.UTC(year, month - 1, date ?? 1);
  const toMs = date === undefined ? Date.UTC(year, month, 1) : Date.UTC(year, month - 1, date + 1);
  return { fromUs: fromMs * 1_000, toUs: toMs * 1_000 };
}

/** Which file of a stream: part is the UTC day or month of its points. */
export interface PointsFileName {
  part: string;
  number: number;
}

/** The name of a file in the folder of its month. */
export function nameOf({ part, number }: PointsFileName): string {
  return `${part}.${String(number).padStart(9, "0")}.parquet`;
}

const NAME = /^(\d{4}-\d\d(?:-\d\d)?)\.(\d{9,})\.parquet(\..*)?$/;
const MONTH_FOLDER = /^month=(\d{4}-\d\d)$/;
/** Ends the name of a damaged file, which is kept. */
const DAMAGED = ".damaged";
/** Ends the name of a file that is no part of the history any more: other programs look for `.parquet`. */
const OLD = ".old";

/** Opens a file of points, or does so where it has become an old one meanwhile. */
export function orOld<T>(file: string, open: (file: string) => T): T {
  try {
    return open(file);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return open(file + OLD);
  }
}

/** A file that was found in the folder of a stream. */
export interface FoundFile extends PointsFileName {
  /** Relative to the folder of the stream. */
  path: string;
  /** What stands behind `.parquet`: nothing for one that is whole. */
  suffix: string;
}

/** The files of points of one stream. */
export class StreamFolder {
  readonly path: string;

  constructor(historyFolder: string, stream: string) {
    this.path = join(historyFolder, `stream=${stream}`);
  }

  /** Where a file belongs. */
  fileOf(name: PointsFileName): string {
    return join(this.path, relativeOf(name));
  }

  /** Makes the folder of a file's month, so that it survives a power cut. */
  makePlaceOf(name: PointsFileName): void {
    const folder = dirname(this.fileOf(name));
    const first = mkdirSync(folder, { recursive: true });
    if (first === undefined) return;
    for (let path = folder; path.length >= first.length; path = dirname(path)) fsyncFolderOf(path);
  }

  /** All files of points, also half-written and damaged ones; by their numbers. */
  list(): FoundFile[] {
    const found: FoundFile[] = [];
    if (!existsSync(this.path)) return found;
    // Throws where something else is in its place: then nothing can be written there either.
    for (const folder of readdirSync(this.path)) {
      if (!MONTH_FOLDER.test(folder)) continue;
      for (const entry of entriesOf(join(this.path, folder))) {
        const [, part, number, suffix = ""] = NAME.exec(entry) ?? [];
        if (part === undefined || number === undefined) continue;
        found.push({ part, number: Number(number), path: join(folder, entry), suffix });
      }
    }
    return found.sort((one, other) => one.number - other.number);
  }

  /** Removes a file that is not needed any more; one that is not there is no fault. */
  remove(path: string): void {
    for (const suffix of ["", OLD]) rmSync(join(this.path, path + suffix), { force: true });
  }

  /** Takes a file away from other programs, and leaves it to readers that have just learnt its name. */
  makeOld(path: string): void {
    const file = join(this.path, path);
    try {
      renameSync(file, file + OLD);
    } catch {
      // It is removed soon in any case.
    }
  }

  /** Keeps a damaged file under another name. */
  setAside(name: PointsFileName): void {
    const file = this.fileOf(name);
    try {
      renameSync(file, file + DAMAGED);
      fsyncFolderOf(file);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }

  static isDamaged({ suffix }: Pick<FoundFile, "suffix">): boolean {
    return suffix.startsWith(DAMAGED);
  }
}

/** Where a file is in the folder of its stream. */
export function relativeOf(name: PointsFileName): string {
  return join(`month=${monthOf(name.part)}`, nameOf(name));
}
