import { foldPoints } from "../buckets/partial.ts";
import { byName, withoutTime } from "../points-file/points.ts";
import { PointsFileWriter } from "../points-file/points-file-writer.ts";
import { type FileAbout, metadataOf } from "./file-about.ts";
import { SeriesNumbers, type WrittenDay } from "./flush.ts";
import { DAY_US, dayOf, HOUR_US, relativeOf, type StreamFolder } from "./history-folder.ts";
import { decodeHours, encodeHours } from "./hours.ts";
import type { KeptPoints } from "./kept-points.ts";
import { Pace } from "./pace.ts";
import type { IndexedFile, NumberedSeries, PointsIndex, StreamState } from "./points-index.ts";

/** Which points are removed: those of some series with `fromUs <= us < toUs`. */
export interface Erasure {
  matches: (topic: string, path: string) => boolean;
  fromUs: number;
  toUs: number;
}

interface EraseOptions {
  stream: string;
  folder: StreamFolder;
  index: PointsIndex;
  kept: KeptPoints;
  takeNumber: () => number;
  state: () => StreamState;
  removeSoon: (files: readonly IndexedFile[]) => void;
}

/**
 * Removes points for good: each file that has some is written again without them, then their hours are. After a kill it
 * has to be done again as a whole.
 */
export async function erase(erasure: Erasure, options: EraseOptions): Promise<void> {
  const { index, kept } = options;
  // No point lies in such a span, and both of its ends would be kept.
  if (erasure.fromUs >= erasure.toUs) return;
  const checked = new Set<number>();
  const next = () => index.files().find(({ number }) => !checked.has(number));
  // Files may be merged meanwhile: what that makes has its turn.
  for (let file = next(); file !== undefined; file = next()) {
    checked.add(file.number);
    if (!hasSome(file, erasure, options)) continue;
    const number = options.takeNumber();
    checked.add(number);
    await writeWithout(file, number, erasure, options);
  }
  const pace = new Pace();
  for (const { series, topic, path } of index.allSeries()) {
    if (erasure.matches(topic, path)) eraseHours(series, erasure, options);
    await pace.breathe();
  }
  kept.close();
}

function hasSome(file: IndexedFile, erasure: Erasure, { index, kept }: EraseOptions): boolean {
  const { fromUs, toUs, matches } = erasure;
  const overlaps = ({ firstUs, lastUs }: { firstUs: number; lastUs: number }) =>
    lastUs >= fromUs && firstUs < toUs;
  if (!overlaps(file)) return false;
  return index
    .seriesIn([file])
    .filter(({ topic, path }) => matches(topic, path))
    .some(({ series }) => kept.runsIn([file], series).some(overlaps));
}

async function writeWithout(
  file: IndexedFile,
  number: number,
  erasure: Erasure,
  options: EraseOptions,
): Promise<void> {
  const { stream, folder, index, state, removeSoon } = options;
  const { through, flush } = state();
  const { part, level, arrival, of } = file;
  const place = { stream, number, part, level, arrival, of };
  const about = { ...place, flush, through, replaces: [file.number] };
  const written = await copyWithout(file, about, erasure, options);
  if (written === null) return;
  if (index.replace([file], { ...written, state: state() })) removeSoon([file]);
  else folder.remove(relativeOf(about));
}

/** @returns `null` where the file is damaged. */
async function copyWithout(
  file: IndexedFile,
  about: FileAbout,
  { matches, fromUs, toUs }: Erasure,
  { folder, index, kept }: EraseOptions,
): Promise<WrittenDay | null> {
  const pace = new Pace();
  using writer = new PointsFileWriter(folder.fileOf(about), metadataOf(about));
  const numbers = new SeriesNumbers();
  for (const one of index.seriesIn([file]).sort(byName)) {
    numbers.note(one);
    const isErased = matches(one.topic, one.path);
    for (const run of kept.runsIn([file], one.series)) {
      const points = kept.readAll([run]);
      if (points === null) return null;
      const rest = isErased ? withoutTime(points, fromUs, toUs) : points;
      if (rest.us.length > 0) writer.add(one.topic, one.path, rest);
      await pace.breathe();
    }
  }
  // Where nothing is left, the file still says which rows had been read, and that the old one is not to be used.
  return numbers.written(writer.finish(), about);
}

/** Hours of which only a part is removed are folded again from what is left. */
function eraseHours(
  series: NumberedSeries["series"],
  { fromUs, toUs }: Erasure,
  { index, kept }: EraseOptions,
): void {
  for (const { day, partials } of index.days(series, dayOf(fromUs), dayOf(toUs))) {
    const hours = decodeHours(partials, day * DAY_US);
    for (const hour of [...hours.keys()]) {
      const hourUs = day * DAY_US + hour * HOUR_US;
      const endUs = hourUs + HOUR_US;
      if (endUs <= fromUs || hourUs >= toUs) continue;
      const rest = foldPoints(kept.between(series, hourUs, endUs));
      if (rest === null) hours.delete(hour);
      else hours.set(hour, rest);
    }
    if (hours.size === 0) index.removeHours(series, day);
    else index.saveHours([{ series, day, partials: encodeHours(hours) }]);
  }
}
