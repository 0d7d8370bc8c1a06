import { byName } from "../points-file/points.ts";
import { PointsFileWriter } from "../points-file/points-file-writer.ts";
import { type FileAbout, metadataOf } from "./file-about.ts";
import { SeriesNumbers, type WrittenDay } from "./flush.ts";
import type { StreamFolder } from "./history-folder.ts";
import type { KeptPoints } from "./kept-points.ts";
import { Pace } from "./pace.ts";
import type { IndexedFile, PointsIndex } from "./points-index.ts";
import { inGroups } from "./run-groups.ts";

/**
 * Writes the points of several files into one, series by series: what it holds in memory does not depend on their
 * size. A failure leaves nothing of it.
 *
 * @returns `null` where one of the files is damaged, and after `signal`.
 */
export async function mergeFiles(
  inputs: readonly IndexedFile[],
  about: FileAbout,
  options: {
    folder: StreamFolder;
    index: PointsIndex;
    kept: KeptPoints;
    signal: AbortSignal;
  },
): Promise<WrittenDay | null> {
  const { folder, index, kept, signal } = options;
  const pace = new Pace();
  folder.makePlaceOf(about);
  using writer = new PointsFileWriter(folder.fileOf(about), metadataOf(about));
  const numbers = new SeriesNumbers();
  const all = index.seriesIn(inputs).sort(byName);
  for (const one of all) {
    numbers.note(one);
    for (const group of inGroups(kept.runsIn(inputs, one.series))) {
      const points = kept.readAll(group);
      if (points === null) return null;
      writer.add(one.topic, one.path, points);
      await pace.breathe();
      if (signal.aborted) return null;
    }
  }
  return numbers.written(writer.finish(), about);
}
