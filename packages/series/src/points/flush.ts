import { type Points, type Span, sliceTime } from "../points-file/points.ts";
import { PointsFileWriter } from "../points-file/points-file-writer.ts";
import { type FileAbout, metadataOf } from "./file-about.ts";
import { DAY_US, dayName, dayOf, type StreamFolder, spanOf } from "./history-folder.ts";
import { addToHours } from "./hour-partials.ts";
import { decodeHours, encodeHours } from "./hours.ts";
import type { KeptPoints } from "./kept-points.ts";
import { LEVELS } from "./merge-plan.ts";
import { Pace } from "./pace.ts";
import type { SeriesPoints } from "./point-buffer.ts";
import type { NewFile, NewHours, PointsIndex } from "./points-index.ts";

/** The points of a series that were observed on one UTC day. */
export interface DayPoints extends SeriesPoints {
  day: number;
  series: number;
}

/** Divides series by day; each day has them in the order in which they come. */
export function byDay(
  all: readonly SeriesPoints[],
  numbers: readonly number[],
): Map<number, DayPoints[]> {
  const days = new Map<number, DayPoints[]>();
  for (const [index, { topic, path, points }] of all.entries()) {
    const series = numbers[index] as number;
    for (const [day, ofDay] of daysOf(points)) {
      const others = days.get(day) ?? [];
      others.push({ topic, path, day, series, points: ofDay });
      days.set(day, others);
    }
  }
  return new Map([...days].sort(([one], [other]) => one - other));
}

function* daysOf({ us, values }: Points): Generator<[day: number, points: Points]> {
  for (let rest: Points = { us, values }; rest.us.length > 0; ) {
    const day = dayOf(rest.us[0] as number);
    const toUs = (day + 1) * DAY_US;
    yield [day, sliceTime(rest, -Infinity, toUs)];
    rest = sliceTime(rest, toUs, Infinity);
  }
}

/** A file that was written, with the numbers of its series. */
export interface WrittenDay {
  file: NewFile;
  spans: { series: number; span: Span }[];
}

/** Writes points, mostly of one day, into a file. A failure leaves nothing of it. */
export async function writeDay(
  points: readonly Omit<DayPoints, "day">[],
  about: FileAbout,
  folder: StreamFolder,
  pace: Pace = new Pace(),
): Promise<WrittenDay> {
  folder.makePlaceOf(about);
  using writer = new PointsFileWriter(folder.fileOf(about), metadataOf(about));
  const series = new SeriesNumbers();
  for (const one of points) {
    writer.add(one.topic, one.path, one.points);
    series.note(one);
    await pace.breathe();
  }
  return series.written(writer.finish(), about);
}

/** Finds the numbers of the series that spans name. */
export class SeriesNumbers {
  readonly #byTopic = new Map<string, Map<string, number>>();

  note({ topic, path, series }: { topic: string; path: string; series: number }): void {
    const paths = this.#byTopic.get(topic) ?? new Map<string, number>();
    this.#byTopic.set(topic, paths.set(path, series));
  }

  written(
    { bytes, rows, spans }: ReturnType<PointsFileWriter["finish"]>,
    { number, part, level, arrival, of }: FileAbout,
  ): WrittenDay {
    // One that has no points is from the beginning of its day or month.
    let { fromUs: lastUs, toUs: firstUs } = spanOf(part);
    if (spans.length === 0) firstUs = lastUs;
    for (const span of spans) {
      firstUs = Math.min(firstUs, span.firstUs);
      lastUs = Math.max(lastUs, span.lastUs);
    }
    return {
      file: { number, part, level, arrival, rows, bytes, firstUs, lastUs, of },
      spans: spans.map((span) => {
        // Every span is of a series that was noted.
        const series = this.#byTopic.get(span.topic)?.get(span.path) as number;
        return { series, span };
      }),
    };
  }
}

/** The hours of so many series are read at once. */
const SERIES_READ = 256;

/** The hours of a day as they are with these points, which no file has yet. */
export async function hoursWith(
  all: readonly DayPoints[],
  {
    day,
    index,
    kept,
    pace = new Pace(),
  }: { day: number; index: PointsIndex; kept: KeptPoints; pace?: Pace },
): Promise<NewHours[]> {
  const dayUs = day * DAY_US;
  const found: NewHours[] = [];
  let known: (Uint8Array | null)[] = [];
  for (const [at, { series, points }] of all.entries()) {
    const place = at % SERIES_READ;
    if (place === 0) {
      const next = all.slice(at, at + SERIES_READ);
      known = index.hours(
        next.map((one) => one.series),
        day,
      );
    }
    const before = known[place] ?? null;
    const hours = before === null ? new Map() : decodeHours(before, dayUs);
    addToHours(hours, {
      dayUs,
      points,
      readBack: (fromUs, toUs) => kept.between(series, fromUs, toUs),
    });
    found.push({ series, day, partials: encodeHours(hours) });
    await pace.breathe();
  }
  return found;
}

/** What a file of one flush says of itself. */
export function aboutFlushed(
  day: number,
  about: Omit<FileAbout, "part" | "level" | "arrival" | "replaces">,
): FileAbout {
  const { number: arrival } = about;
  return { ...about, part: dayName(day), level: LEVELS.flush, arrival, replaces: [] };
}
