import { foldPoints, type PartialBucket } from "../buckets/partial.ts";
import type { Position } from "../reading/memory.ts";
import { byDay, type DayPoints, writeDay } from "./flush.ts";
import { DAY_US, HOUR_US, type StreamFolder, spanOf } from "./history-folder.ts";
import { decodeHours, encodeHours } from "./hours.ts";
import type { KeptPoints } from "./kept-points.ts";
import { Pace } from "./pace.ts";
import { PointBuffer } from "./point-buffer.ts";
import type { NewFile, NewHours, PointsIndex } from "./points-index.ts";

interface RefillOptions {
  stream: string;
  lost: Omit<NewFile, "bytes">;
  takeNumber: () => number;
  /** Runs a task that changes hours, when no other one does. */
  inTurn: (task: () => Promise<void>) => Promise<void>;
  /** Of the last flush that is complete. */
  flush: number;
  /** Older points are not part of the history any more. */
  cutoffUs: number;
  folder: StreamFolder;
  index: PointsIndex;
  kept: KeptPoints;
}

/**
 * Takes the points of a damaged file out of the stored rows once more, as far as these are still there. They get the
 * place of that file in the order of arrival again; where its neighbours were merged meanwhile, points of one time may
 * change their order.
 */
export class Refill {
  readonly #options: RefillOptions;
  readonly #buffer = new PointBuffer();
  readonly #span: { fromUs: number; toUs: number };

  constructor(options: RefillOptions) {
    const { fromUs, toUs } = spanOf(options.lost.part);
    this.#options = options;
    this.#span = { fromUs: Math.max(fromUs, options.cutoffUs), toUs };
  }

  /** The rows of its points are behind this one; `null` for the first one of all. */
  get after(): Position | null {
    return this.#options.lost.of.after;
  }

  /** The rows of its points end with this one. */
  get through(): Position | null {
    return this.#options.lost.of.through;
  }

  /** Takes a point of one of these rows. One that was not in the file is left out. */
  add(topic: string, path: string, observedUs: number, value: number): void {
    const { fromUs, toUs } = this.#span;
    if (observedUs >= fromUs && observedUs < toUs) this.#buffer.add(topic, path, observedUs, value);
  }

  /**
   * Writes the points. After that the file is not missing any more, whether or not all of its rows were there.
   *
   * @throws what the disk or SQLite throw. Then all is as it was before.
   */
  finish(): Promise<void> {
    return this.#options.inTurn(() => this.#write());
  }

  async #write(): Promise<void> {
    const { lost, stream, flush, folder, index, kept, takeNumber } = this.#options;
    const all = [...this.#buffer.series()];
    const numbers = index.numbersOf(all);
    const series = all.map((one, at) => ({ ...one, series: numbers[at] as number }));
    const { part, level, arrival, of } = lost;
    const place = { stream, number: takeNumber(), part, level, arrival, of };
    const about = { ...place, flush, through: null, replaces: [] };
    index.refill(lost, series.length === 0 ? null : await writeDay(series, about, folder));
    const pace = new Pace();
    for (const one of [...byDay(all, numbers).values()].flat()) {
      index.saveHours([hoursAgain(one, index, kept)]);
      await pace.breathe();
    }
    kept.close();
  }
}

/** The hours of these points, folded again from all points of each, unless some of these are still missing. */
function hoursAgain(
  { series, day, points }: DayPoints,
  index: PointsIndex,
  kept: KeptPoints,
): NewHours {
  const dayUs = day * DAY_US;
  const [before] = index.hours([series], day);
  const hours = before ? decodeHours(before, dayUs) : new Map<number, PartialBucket>();
  for (const hour of new Set(points.us.map((us) => Math.floor((us - dayUs) / HOUR_US)))) {
    const fromUs = dayUs + hour * HOUR_US;
    const partial = foldPoints(kept.between(series, fromUs, fromUs + HOUR_US));
    const known = hours.get(hour);
    if (partial !== null && partial.count >= (known?.count ?? 0)) hours.set(hour, partial);
  }
  return { series, day, partials: encodeHours(hours) };
}
