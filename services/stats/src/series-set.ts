import { type Statistics, WINDOWS } from "@weir/protocol";
import type { Kind } from "@weir/series";
import { Changes } from "./changes.ts";
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
  kind: Kind;
  ring: Ring;
  /** Of a counter or a state; `null` for a gauge, and for what was one when its first point was read. */
  changes: Changes | null;
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
  /** What is known of its series now. */
  kind: Kind;
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
  #hasNewKinds = false;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  /** Adds a point. It is `late` when it is older than any window; a new series is turned away when the set is full. */
  add(point: SeriesPoint, { atSecond, nowMs }: Moment): "kept" | "late" | "turned away" {
    if (point.second <= forgottenSecond(atSecond)) return "late";
    const series = this.#find(point, atSecond);
    if (typeof series === "string") return series;
    if (series.kind !== point.kind) this.#become(series, point);
    series.ring.add(point.second, point.value);
    series.changes?.add(point.second, point.value);
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
      series.changes?.forgetThrough(forgottenSecond(atSecond));
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
    this.#hasNewKinds = false;
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

  /** Whether a series turned out to be a counter or a state, so that the order of its earlier points is missing. */
  get hasNewKinds(): boolean {
    return this.#hasNewKinds;
  }

  /**
   * A description of a series may come after its first points. Their order is missing until all is read again, and
   * so are the statistics that need it.
   */
  #become(series: Series, { kind }: SeriesPoint): void {
    if (kind !== "gauge" && series.changes === null) this.#hasNewKinds = true;
    series.kind = kind;
  }

  #find({ topic, kind }: SeriesPoint, atSecond: number): Series | "turned away" {
    const known = this.#kept.get(topic);
    if (known !== undefined) return known;
    const returning = this.#expected.get(topic);
    if (returning === undefined) {
      this.#isClosed ||= this.#places() >= this.#seriesMax;
      if (this.#isClosed) return "turned away";
    }
    const never = { throughId: 0, changedAtMs: null, publishedAtMs: null };
    const ring = new Ring(atSecond);
    const changes = kind === "gauge" ? null : new Changes();
    const series = { ...never, ...returning, topic, kind, ring, changes };
    this.#expected.delete(topic);
    this.#kept.set(topic, series);
    return series;
  }

  #places(): number {
    return this.#kept.size + this.#expected.size;
  }
}

/** The payload of a series' statistics at second S, with what fits its kind. */
export function statisticsOf(
  { kind, ring, changes, throughId }: Series,
  at: number,
  lagRows: number,
): Statistics {
  const statistics = ring.statistics(at, { throughId, lagRows });
  if (changes === null || kind === "gauge") return statistics;
  for (const { name, spanSeconds } of WINDOWS) {
    const { increase, transitions, share } = changes.summarize(at - spanSeconds + 1, at);
    Object.assign(
      statistics.windows[name],
      kind === "counter" ? { increase } : { transitions, share },
    );
  }
  return statistics;
}
