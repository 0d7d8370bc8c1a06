import type { Span } from "../buckets/cells.ts";
import type { Pace } from "../points/pace.ts";
import type { Run } from "../points/run-reader.ts";
import type { StoredPoints } from "../points/stored-points.ts";
import { DamagedFileFault } from "../points-file/damaged-file.ts";
import { mergePoints, NO_POINTS, type Points, sliceTime } from "../points-file/points.ts";

/** A series of which points are stored. */
export interface StoredSeries {
  points: StoredPoints;
  /** As `find` gives it. */
  id: number;
  onDamaged: (fault: DamagedFileFault) => void;
}

interface OpenRun {
  run: Run;
  /** `null` until they are needed. */
  points: Points | null;
}

/** Reads points of one series out of its files, in the order of time. Only what lies beside each other is in memory. */
export class PointsReader {
  readonly #stored: StoredSeries;
  readonly #findRuns: () => readonly Run[];
  /** In the order of their first points; `null` until they are needed. */
  #runs: readonly Run[] | null = null;
  #next = 0;
  /** Those that may have points where reading has got to. */
  #open: OpenRun[] = [];

  /** @param findRuns finds where the points are, in the order of their arrival. */
  constructor(stored: StoredSeries, findRuns: () => readonly Run[]) {
    this.#stored = stored;
    this.#findRuns = findRuns;
  }

  /**
   * The points in a span; those of one time in the order of arrival.
   *
   * @param span it begins where the last one ended, or later.
   * @throws Error with the code ENOENT where files were merged meanwhile.
   */
  async between({ fromUs, toUs }: Span, pace: Pace): Promise<Points> {
    this.#runs ??= this.#findRuns().toSorted((one, other) => one.firstUs - other.firstUs);
    for (let run = this.#runs[this.#next]; run !== undefined && run.firstUs < toUs; ) {
      this.#open.push({ run, points: null });
      this.#next += 1;
      run = this.#runs[this.#next];
    }
    this.#open = this.#open.filter(({ run }) => run.lastUs >= fromUs);
    this.#open.sort((one, other) => one.run.order - other.run.order);
    const parts: Points[] = [];
    for (const one of this.#open) {
      if (one.points === null) await pace.breathe();
      one.points ??= this.#read(one.run);
      parts.push(sliceTime(one.points, fromUs, toUs));
    }
    return mergePoints(parts);
  }

  #read(run: Run): Points {
    const { points, onDamaged } = this.#stored;
    try {
      return points.read(run);
    } catch (error) {
      if (!(error instanceof DamagedFileFault)) throw error;
      onDamaged(error);
      return NO_POINTS;
    }
  }
}
