import { comparePositions, type Position, type StreamMemory } from "../reading/memory.ts";
import type { Path } from "../reading/path.ts";
import type { Kind, Point, Reading } from "../reading/reading.ts";
import type { KnownMetadata } from "./known-metadata.ts";

/** What the catalogue holds of one series. Times in microseconds since the epoch. */
export interface Entry {
  topic: string;
  path: Path;
  /** The family that read its newest point. */
  family: string;
  kind: Kind;
  name: string | null;
  unit: string | null;
  class: string | null;
  device: string | null;
  /** Points that were read of it. */
  points: number;
  /** The time of its earliest and of its newest point. */
  firstUs: number;
  newestUs: number;
  newestValue: number;
  /** When a point of it arrived last. */
  receivedUs: number;
  /** A moving average of the time between two arrivals, in milliseconds; 0 after one. */
  intervalMs: number;
}

/** How many series a stream may have, and one topic of it. */
export const STREAM_SERIES_MAX = 10_000;
export const TOPIC_SERIES_MAX = 256;
/** Where there are as many, a series that was silent for so long makes way for a new one. */
const IDLE_US = 86_400_000_000;
/** The largest LOGGER_CLOCK_SKEW_SECONDS. */
const AHEAD_US_MAX = 3_600_000_000;
/** Of a new interval in the moving average. */
const INTERVAL_WEIGHT = 0.1;

/** Up to which row a stream has been read, and when that row was received. */
export interface Progress extends Position {
  receivedUs: number;
}

export interface StreamCatalogueOptions {
  metadata: KnownMetadata;
  memory: StreamMemory;
  /** `null` where nothing has been read. */
  progress: Progress | null;
  saved: Iterable<Entry>;
}

/** The series of one stream, and up to where they count its rows. */
export class StreamCatalogue {
  readonly memory: StreamMemory;
  readonly #metadata: KnownMetadata;
  /** By topic, then by path: a message needs its topic once. */
  readonly #byTopic = new Map<string, Map<Path, Entry>>();
  readonly #unsaved = new Set<Entry>();
  readonly #removed = new Set<Entry>();
  #progress: Progress | null;
  #size = 0;
  /** Series that were idle for long enough at the last look at all of them, which takes a while; the first last. */
  #idle: Entry[] = [];
  /** No other series is idle for long enough before this time of reception. */
  #noneIdleBeforeUs = 0;
  /** Points of series for which there was no place, and points that a limit left out of their payload. */
  readonly left = { turnedAway: 0, cutPayloads: 0 };

  constructor({ metadata, memory, progress, saved }: StreamCatalogueOptions) {
    this.#metadata = metadata;
    this.memory = memory;
    this.#progress = progress;
    for (const entry of saved) this.#put(entry);
  }

  get progress(): Progress | null {
    return this.#progress;
  }

  /** The stream is another one than that which was read: its rows count from the first one on. */
  restart(): void {
    this.#progress = null;
    this.memory.rebase();
  }

  /** The stream ends before the rows that were read: an older copy of it is in its place. */
  rewind(to: Progress): void {
    this.#progress = to;
    this.memory.forgetAfter(to);
  }

  get size(): number {
    return this.#size;
  }

  *all(): Generator<Entry> {
    for (const entries of this.#byTopic.values()) yield* entries.values();
  }

  /** The series of a topic; `undefined` where there are none. */
  seriesOf(topic: string): ReadonlyMap<Path, Entry> | undefined {
    return this.#byTopic.get(topic);
  }

  /**
   * Counts the points of a row, unless it was counted before. Rows come in the order of their positions.
   *
   * @returns the series of the reading's topic.
   */
  note(reading: Reading, row: Progress): ReadonlyMap<Path, Entry> | undefined {
    const { topic, points } = reading;
    const known = this.#byTopic.get(topic);
    if (this.#progress !== null && comparePositions(row, this.#progress) <= 0) return known;
    this.#progress = row;
    if (reading.isCut) this.left.cutPayloads += 1;
    for (const point of points) {
      const entry = known?.get(point.path) ?? this.#find(reading, point, row.receivedUs);
      if (entry === null) this.left.turnedAway += 1;
      else this.#count(entry, point, row.receivedUs);
    }
    return known ?? this.#byTopic.get(topic);
  }

  /** Something has become known of a series, which this stream may have. */
  redescribe(topic: string, path: Path): void {
    const entry = this.#byTopic.get(topic)?.get(path);
    if (entry === undefined) return;
    this.#describe(entry);
    this.#unsaved.add(entry);
  }

  /** What has changed, and what was removed, since the last `markSaved`. */
  changes(): { changed: Iterable<Entry>; removed: Iterable<Entry> } {
    return { changed: this.#unsaved, removed: this.#removed };
  }

  markSaved(): void {
    this.#unsaved.clear();
    this.#removed.clear();
    this.memory.markSaved();
  }

  #count(entry: Entry, { value, observedUs, kind }: Point, receivedUs: number): void {
    if (entry.points > 0 && receivedUs > entry.receivedUs) {
      const intervalMs = (receivedUs - entry.receivedUs) / 1_000;
      entry.intervalMs =
        entry.intervalMs === 0
          ? intervalMs
          : entry.intervalMs + INTERVAL_WEIGHT * (intervalMs - entry.intervalMs);
    }
    entry.points += 1;
    entry.receivedUs = receivedUs;
    if (observedUs < entry.firstUs) entry.firstUs = observedUs;
    // No point is so far ahead of its reception: the clock was set back since.
    const isAhead = entry.newestUs > receivedUs + AHEAD_US_MAX;
    if (observedUs >= entry.newestUs || isAhead) {
      entry.newestUs = observedUs;
      entry.newestValue = value;
    }
    if (kind !== null && kind !== entry.kind) this.#describe(entry, kind);
    this.#unsaved.add(entry);
  }

  /** The series of a point, which begins with it if it must; `null` where there is no place for it. */
  #find(reading: Reading, point: Point, receivedUs: number): Entry | null {
    const known = this.#byTopic.get(reading.topic)?.get(point.path);
    return known ?? this.#begin(reading, point, receivedUs);
  }

  #begin(
    { topic, family }: Reading,
    { path, value, observedUs, kind }: Point,
    receivedUs: number,
  ): Entry | null {
    if ((this.#byTopic.get(topic)?.size ?? 0) >= TOPIC_SERIES_MAX) return null;
    if (this.#size >= STREAM_SERIES_MAX && !this.#makePlace(receivedUs)) return null;
    const entry: Entry = {
      topic,
      path,
      family,
      kind: "gauge",
      name: null,
      unit: null,
      class: null,
      device: null,
      points: 0,
      firstUs: observedUs,
      newestUs: observedUs,
      newestValue: value,
      receivedUs,
      intervalMs: 0,
    };
    this.#describe(entry, kind);
    this.#put(entry);
    return entry;
  }

  /** Removes the series that has been silent for longest, where that is long enough. */
  #makePlace(nowUs: number): boolean {
    const isIdle = (entry: Entry) => entry.receivedUs + IDLE_US <= nowUs;
    if (this.#idle.length === 0 && nowUs >= this.#noneIdleBeforeUs) {
      const all = [...this.all()].sort((one, other) => other.receivedUs - one.receivedUs);
      this.#noneIdleBeforeUs = (all.at(-1)?.receivedUs ?? nowUs) + IDLE_US;
      this.#idle = all.filter(isIdle);
    }
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      // It may have come again since.
      if (!isIdle(entry)) continue;
      this.#remove(entry);
      return true;
    }
    return false;
  }

  #put(entry: Entry): void {
    const entries = this.#byTopic.get(entry.topic) ?? new Map<Path, Entry>();
    entries.set(entry.path, entry);
    this.#byTopic.set(entry.topic, entries);
    this.#size += 1;
  }

  #remove(entry: Entry): void {
    const entries = this.#byTopic.get(entry.topic);
    entries?.delete(entry.path);
    if (entries?.size === 0) this.#byTopic.delete(entry.topic);
    this.#unsaved.delete(entry);
    this.#removed.add(entry);
    this.#size -= 1;
  }

  /** Takes over what is known of a series. @param kind what its points show, where they show anything. */
  #describe(entry: Entry, kind: Kind | null = null): void {
    const about = this.#metadata.aboutOf(entry.topic, entry.path);
    entry.kind = about.kind ?? kind ?? entry.kind;
    entry.name = about.name ?? null;
    entry.unit = about.unit ?? null;
    entry.class = about.class ?? null;
    entry.device = about.device ?? null;
  }
}
