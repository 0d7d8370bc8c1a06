import { errorCode } from "@weir/runtime";
import { asyncBufferFromFile } from "hyparquet";
import { readFooter } from "../points-file/footer.ts";
import { PointsFileWriter } from "../points-file/points-file-writer.ts";
import { readEveryPoint } from "../points-file/read-every-point.ts";
import { aboutOf, type FileAbout, metadataOf } from "./file-about.ts";
import { byDay, hoursWith, SeriesNumbers, type WrittenDay } from "./flush.ts";
import { relativeOf, type StreamFolder, spanOf } from "./history-folder.ts";
import type { KeptPoints } from "./kept-points.ts";
import { Pace } from "./pace.ts";
import type { PointsIndex, StreamState } from "./points-index.ts";

/** A stream without a history. */
const NOTHING: StreamState = { through: null, nextNumber: 1, flush: 0, cutoffUs: 0 };

/** How far an index that was lost is made again. */
export interface RebuildProgress {
  stream: string;
  files: number;
  ofFiles: number;
}

interface RebuildOptions {
  stream: string;
  folder: StreamFolder;
  index: PointsIndex;
  kept: KeptPoints;
  onProgress: (progress: RebuildProgress) => void;
}

/**
 * Makes the index of a stream's history again from its files. Each is written once more, because only its writer knows
 * where a series lies. After a kill it begins again, with what was written. Hours whose points have expired are lost.
 */
export async function rebuild(options: RebuildOptions): Promise<StreamState> {
  const { stream, folder, index, onProgress } = options;
  const numbers = folder.list().map(({ number }) => number);
  let state = { ...NOTHING, nextNumber: Math.max(0, ...numbers) + 1 };
  index.clear();
  const all = await readAbouts(options);
  const newest = all.toSorted((one, other) => other.flush - one.flush).find(hasThrough);
  const files = newest === undefined ? [] : wholeFiles(all, newest.flush);
  for (const [done, file] of files.entries()) {
    onProgress({ stream, files: done, ofFiles: files.length });
    const number = state.nextNumber;
    state = { ...state, nextNumber: number + 1 };
    const about = { ...file, number, replaces: [...file.replaces, file.number] };
    const written = await orLost(file, options, () => writeAgain(file, about, options));
    if (written === null) {
      const { fromUs: firstUs, toUs: lastUs } = spanOf(file.part);
      index.noteLost({ ...file, rows: 0, firstUs, lastUs });
      continue;
    }
    index.flush({ files: [written], hours: [], state: null });
    folder.remove(relativeOf(file));
  }
  await rebuildHours(options);
  if (newest !== undefined) state = { ...state, through: newest.through, flush: newest.flush };
  index.saveState(state);
  return state;
}

const hasThrough = ({ through }: FileAbout): boolean => through !== null;

/** What all files say of themselves. One that cannot be read is set aside. */
async function readAbouts(options: RebuildOptions): Promise<FileAbout[]> {
  const { folder } = options;
  const all: FileAbout[] = [];
  for (const { suffix, ...name } of folder.list()) {
    if (suffix !== "") continue;
    const about = await orLost(name, options, () => readAbout(folder.fileOf(name)));
    if (about !== null) all.push(about);
  }
  return all;
}

async function readAbout(file: string): Promise<FileAbout> {
  const metadata = await readFooter(await asyncBufferFromFile(file));
  const about = aboutOf(metadata.key_value_metadata ?? []);
  if (about === null) throw new Error(`${file} does not say which points it has`);
  return about;
}

/** Leaves out files that others have replaced, and those of a flush that was not completed. */
function wholeFiles(all: readonly FileAbout[], lastFlush: number): FileAbout[] {
  const replaced = new Set(all.flatMap(({ replaces }) => replaces));
  const isWhole = ({ number, flush }: FileAbout) => !replaced.has(number) && flush <= lastFlush;
  return all.filter(isWhole);
}

async function writeAgain(
  file: FileAbout,
  about: FileAbout,
  { folder, index }: RebuildOptions,
): Promise<WrittenDay> {
  using writer = new PointsFileWriter(folder.fileOf(about), metadataOf(about));
  const numbers = new SeriesNumbers();
  for await (const { topic, path, points } of readEveryPoint(folder.fileOf(file))) {
    const [series] = index.numbersOf([{ topic, path }]);
    numbers.note({ topic, path, series: series as number });
    writer.add(topic, path, points);
  }
  return numbers.written(writer.finish(), about);
}

/** A file that cannot be read is set aside. */
async function orLost<T>(
  name: Pick<FileAbout, "part" | "number">,
  { kept }: RebuildOptions,
  read: () => Promise<T>,
): Promise<T | null> {
  try {
    return await read();
  } catch (reason) {
    // Of the system: too many files are open, or the disk is full. That passes.
    if (errorCode(reason) !== null) throw reason;
    kept.setAside(name, reason);
    return null;
  }
}

async function rebuildHours({ index, kept }: RebuildOptions): Promise<void> {
  const pace = new Pace();
  for (const one of index.seriesIn(index.files())) {
    for (const points of kept.inOrder(one.series)) {
      for (const [day, ofDay] of byDay([{ ...one, points }], [one.series])) {
        index.saveHours(await hoursWith(ofDay, { day, index, kept }));
      }
      await pace.breathe();
    }
  }
  kept.close();
}
