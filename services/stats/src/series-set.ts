import { forgottenSecond, RING } from "./follower.ts";
import { createRing, type Ring } from "./ring.ts";

/** The present, by both clocks. */
export interface Moment {
  /** The current whole second of the wall clock. */
  atSecond: number;
  /** The monotonic clock, in milliseconds. */
  nowMs: number;
}

/** What became of a reading. `late` is older than any window. */
export type Added = "kept" | "late" | "turned away";

/** The series that are kept: a bounded number of them. */
export interface SeriesSet {
  /** Adds a reading; a new series is turned away when there is no room for it. */
  add(reading: SeriesReading, moment: Moment): Added;
  /** Whether every series still knows each reading that the windows ending with this second may count. */
  covers(atSecond: number): boolean;
  /** Forgets what no window needs any more; returns the series of which nothing is left. */
  moveTo(atSecond: number): Series[];
  /** Forgets all readings, for them to be read once more. Who has a place keeps it until `settle`. */
  beginAnew(): void;
  /** Everything has been read: forgets the series that have not come again, and returns them. */
  settle(): Series[];
  all(): Iterable<Series>;
  readonly size: number;
  /**
   * Whether there is room, and somebody was turned away whose earlier readings are missed. Nobody new
   * is let in then: only who has all readings equals SQL.
   */
  readonly hasRoomAgain: boolean;
}

export function createSeriesSet(seriesMax: number): SeriesSet {
  const kept = new Map<string, Series>();
  // Their places are kept while all is read anew, whoever comes first then.
  const expected = new Map<string, Series>();
  let isClosed = false;

  function find(reading: SeriesReading, atSecond: number): Series | Exclude<Added, "kept"> {
    const { device, attribute, second } = reading;
    // Names have no slash.
    const key = `${device}/${attribute}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (second <= forgottenSecond(atSecond)) return "late";
    const returning = expected.get(key);
    if (returning === undefined && !hasRoom()) return "turned away";
    const series = returning ?? {
      device,
      attribute,
      ring: createRing(RING, atSecond),
      throughId: 0,
      changedAtMs: null,
      publishedAtMs: null,
    };
    if (returning !== undefined) {
      expected.delete(key);
      series.ring = createRing(RING, atSecond);
    }
    kept.set(key, series);
    return series;
  }

  function hasRoom(): boolean {
    isClosed ||= kept.size + expected.size >= seriesMax;
    return !isClosed;
  }

  return {
    add: (reading, { atSecond, nowMs }) => {
      const series = find(reading, atSecond);
      if (typeof series === "string") return series;
      series.ring.add(reading.second, reading.value);
      series.throughId = reading.id;
      series.changedAtMs ??= nowMs;
      return "kept";
    },
    covers: (atSecond) => kept.values().every(({ ring }) => ring.covers(atSecond)),
    moveTo: (atSecond) => {
      const empty: Series[] = [];
      for (const [key, series] of kept) {
        series.ring.moveTo(atSecond);
        if (!series.ring.isEmpty) continue;
        kept.delete(key);
        empty.push(series);
      }
      return empty;
    },
    beginAnew: () => {
      for (const [key, series] of kept) expected.set(key, series);
      kept.clear();
      isClosed = false;
    },
    settle: () => {
      const gone = [...expected.values()];
      expected.clear();
      return gone;
    },
    all: () => kept.values(),
    get size() {
      return kept.size;
    },
    get hasRoomAgain() {
      return isClosed && kept.size + expected.size < seriesMax;
    },
  };
}

/** One attribute of one device. */
export interface Series {
  device: string;
  attribute: string;
  ring: Ring;
  /** The newest row with a reading of it. */
  throughId: number;
  /** When what is to be published changed, on the monotonic clock; `null` when it was published since. */
  changedAtMs: number | null;
  /** When it was published last, on the monotonic clock; `null` when it never was. */
  publishedAtMs: number | null;
}

/** A reading of a device's attribute, out of the row with this id. */
export interface SeriesReading {
  device: string;
  attribute: string;
  /** The whole second in which it was observed. */
  second: number;
  value: number;
  id: number;
}
