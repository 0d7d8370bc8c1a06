import { forgottenSecond, Ring } from "./ring.ts";

/** The present, by both clocks. */
export interface Moment {
  /** The current whole second of the wall clock. */
  atSecond: number;
  /** The monotonic clock, in milliseconds. */
  nowMs: number;
}

/** A series whose statistics are published. */
export interface Series {
  /** Where they are published. */
  topic: string;
  ring: Ring;
  /** The newest row with a reading of it. */
  throughId: number;
  /** When its statistics changed, on the monotonic clock; `null` when they were published since. */
  changedAtMs: number | null;
  /** When they were published last, on the monotonic clock; `null` when they never were. */
  publishedAtMs: number | null;
}

/** A point of a series, out of the row with this id. */
export interface SeriesPoint {
  /** Where the statistics of its series are published. */
  topic: string;
  /** The whole second in which it was observed. */
  second: number;
  value: number;
  id: number;
}

/** The series that are kept: a bounded number of them. */
export class SeriesSet {
  readonly #seriesMax: number;
  /** By topic. */
  readonly #kept = new Map<string, Series>();
  /** Series that keep their places while all is read again, whichever comes first then. */
  readonly #expected = new Map<string, Series>();
  #isClosed = false;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  /** Adds a point. It is `late` when it is older than any window; a new series is turned away when the set is full. */
  add(point: SeriesPoint, { atSecond, nowMs }: Moment): "kept" | "late" | "turned away" {
    const series = this.#find(point, atSecond);
    if (typeof series === "string") return series;
    series.ring.add(point.second, point.value);
    series.throughId = point.id;
    series.changedAtMs ??= nowMs;
    return "kept";
  }

  /** Whether every series still knows each reading that the windows ending with this second may count. */
  covers(atSecond: number): boolean {
    return this.#kept.values().every(({ ring }) => ring.covers(atSecond));
  }

  /** Drops what no window needs any more. @returns the series of which nothing is left. */
  moveTo(atSecond: number): Series[] {
    const empty: Series[] = [];
    for (const [topic, series] of this.#kept) {
      series.ring.moveTo(atSecond);
      if (!series.ring.isEmpty) continue;
      this.#kept.delete(topic);
      empty.push(series);
    }
    return empty;
  }

  /** Drops all readings, for them to be read again. A series that has a place keeps it until `settle`. */
  restart(): void {
    for (const [topic, series] of this.#kept) this.#expected.set(topic, series);
    this.#kept.clear();
    this.#isClosed = false;
  }

  /** Everything has been read: drops the series that have not come again. @returns these. */
  settle(): Series[] {
    const gone = [...this.#expected.values()];
    this.#expected.clear();
    return gone;
  }

  all(): Iterable<Series> {
    return this.#kept.values();
  }

  get size(): number {
    return this.#kept.size;
  }

  /**
   * Whether there is a free place, and a series was turned away whose earlier readings are missing. No new series
   * is let in then: only with all its readings it equals SQL.
   */
  get hasRoomAgain(): boolean {
    return this.#isClosed && this.#places() < this.#seriesMax;
  }

  #find({ topic, second }: SeriesPoint, atSecond: number): Series | "late" | "turned away" {
    const known = this.#kept.get(topic);
    if (known !== undefined) return known;
    if (second <= forgottenSecond(atSecond)) return "late";
    const returning = this.#expected.get(topic);
    if (returning === undefined) {
      this.#isClosed ||= this.#places() >= this.#seriesMax;
      if (this.#isClosed) return "turned away";
    }
    const never = { throughId: 0, changedAtMs: null, publishedAtMs: null };
    const series = returning ?? { topic, ring: new Ring(atSecond), ...never };
    if (returning !== undefined) {
      this.#expected.delete(topic);
      series.ring = new Ring(atSecond);
    }
    this.#kept.set(topic, series);
    return series;
  }

  #places(): number {
    return this.#kept.size + this.#expected.size;
  }
}
