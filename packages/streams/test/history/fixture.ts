import { type CataloguedSeries, indexFileOf, PointsStore, StreamMemory } from "@weir/series";
import { openSegmentedStore, positionOf, readRange, type SegmentedStore } from "@weir/store";
import { type HistorySource, openSeriesReader, type StoredStream } from "@weir/streams";
import { createFakeClock, type FakeClock, rowOf, type TemporaryFolder } from "@weir/testkit";

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;
export const SKEW_US = 60 * SECOND_US;

/** A message; times in microseconds. */
export interface Sent {
  topic?: string;
  value: number;
  observedUs: number;
  receivedUs: number;
  retained?: boolean;
  /** The payload, instead of one with `value` and `observedUs`. */
  json?: object;
}

/** A row without a reading: the series are read out of the payload. */
export function rowOfSent(sent: Sent) {
  const { topic = "meter", value, observedUs, receivedUs, retained = false } = sent;
  const { json = { time: observedUs / 1_000, power: value } } = sent;
  const given = { topic, payload: Buffer.from(JSON.stringify(json)), retained };
  return { ...rowOf("{}", receivedUs), ...given, value: null, observedUs: null };
}

export function seriesOf(topic: string, path = "power"): CataloguedSeries {
  const unknown = { name: null, unit: null, class: null, device: null, intervalMs: 0 };
  const counted = { points: 0, firstUs: 0, newestUs: 0, newestValue: 0, receivedUs: 0 };
  const known = { stream: "home", topic, path, family: "auto", kind: "gauge" } as const;
  return { ...known, ...unknown, ...counted };
}

/** A stream that is stored, and whose points are kept as stats does it. */
export class RecordedStream implements Disposable {
  readonly clock: FakeClock;
  readonly #stream: StoredStream;
  readonly #indexFile: string;
  readonly #store: SegmentedStore;
  #points: PointsStore;

  constructor(folder: TemporaryFolder, { nowUs, historyMs }: { nowUs: number; historyMs: number }) {
    this.#indexFile = indexFileOf(folder.file("weir.db"));
    this.clock = createFakeClock(nowUs / 1_000);
    const place = { kind: "folder", folder: folder.file("home") } as const;
    this.#stream = {
      name: "home",
      place,
      decoder: { kind: "auto" },
      timeZone: null,
      series: "auto",
      statistics: false,
      historyMs,
    };
    this.#store = openSegmentedStore({
      folder: place.folder,
      stream: "home",
      synchronous: "NORMAL",
      ballastBytes: 0,
      nowUs,
    });
    this.#points = this.#openPoints();
  }

  /** What questions are asked of, now. */
  get source(): HistorySource {
    return {
      streams: [this.#stream],
      indexFile: this.#indexFile,
      skewUs: SKEW_US,
      nowUs: this.nowUs,
      signal: new AbortController().signal,
      onSkipped: ({ reason }) => {
        throw new Error(reason);
      },
    };
  }

  get nowUs(): number {
    return this.clock.now() * 1_000;
  }

  append(sent: readonly Sent[]): void {
    this.#store.append(sent.map(rowOfSent));
  }

  rotate(): void {
    this.#store.rotate(this.nowUs);
  }

  /** The files of its segments, the oldest first. */
  segments(): string[] {
    return this.#store.segments().map(({ file }) => file);
  }

  /** Keeps the points of all rows that are there. */
  async keep(): Promise<void> {
    const writer = await this.#writer();
    const reader = openSeriesReader(this.#stream, SKEW_US);
    const { through } = writer;
    const memory = new StreamMemory();
    const query = through === null ? {} : { behind: through };
    for await (const { messages } of readRange(this.#stream.place, query)) {
      for (const message of messages) {
        const row = { ...positionOf(message.cursor), receivedUs: message.receivedUs };
        const { topic, points } = reader.read(message, memory.at(row));
        for (const { path, observedUs, value } of points)
          writer.add(topic, path, observedUs, value);
        writer.pass(row);
      }
    }
    await writer.flush();
  }

  /** Puts files together until there is nothing to put together, and removes those that are not needed any more. */
  async merge(): Promise<void> {
    const writer = await this.#writer();
    while (await writer.merge());
    this.clock.advance(60_001);
  }

  async expire(cutoffUs: number): Promise<void> {
    (await this.#writer()).expire(cutoffUs);
  }

  [Symbol.dispose](): void {
    this.#points[Symbol.dispose]();
    this.#store[Symbol.dispose]();
  }

  #openPoints(): PointsStore {
    return new PointsStore({
      indexFile: this.#indexFile,
      clock: this.clock,
      onLost: ({ reason }) => {
        throw reason;
      },
    });
  }

  #writer() {
    return this.#points.stream("home", { historyMs: this.#stream.historyMs ?? 0 });
  }
}
