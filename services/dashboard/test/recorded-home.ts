import { writeFileSync } from "node:fs";
import { Catalogue, indexFileOf } from "@weir/series";
import { openSegmentedStore, positionOf, readRange, type SegmentedStore } from "@weir/store";
import { openSeriesReader, readStreams, type StreamConfig } from "@weir/streams";
import { createFakeClock, type FakeClock, rowOf, START_US, temporaryFolder } from "@weir/testkit";

const SKEW_US = 60_000_000;

/** A message, received so many seconds after `START_US`. */
export interface Sent {
  second: number;
  topic?: string;
  payload: object | Buffer;
  retained?: boolean;
  /** A code of `OUTCOMES`. Default that of `{}` as a reading. */
  outcome?: number;
}

/** A stream `home` that is stored, with a catalogue of its series as stats makes it. */
export class RecordedHome implements Disposable {
  readonly folder = temporaryFolder();
  readonly indexFile = indexFileOf(this.folder.file("weir.db"));
  readonly skewUs = SKEW_US;
  readonly streams: readonly StreamConfig[];
  /** It stands an hour after `START_US`. */
  readonly clock: FakeClock = createFakeClock(START_US / 1_000 + 3_600_000);
  readonly #store: SegmentedStore;
  readonly #home: StreamConfig;

  constructor() {
    const file = this.folder.file("weir.yaml");
    writeFileSync(file, "streams: { home: { filters: ['zigbee2mqtt/#'] } }");
    const environment = { WEIR_FILE: file, DB_FILE: this.folder.file("weir.db") };
    this.streams = readStreams(environment).streams;
    this.#home = this.streams.find(({ name }) => name === "home") as StreamConfig;
    this.#store = openSegmentedStore({
      folder: this.folder.file("home"),
      stream: "home",
      synchronous: "NORMAL",
      ballastBytes: 0,
      nowUs: START_US,
    });
  }

  /** Stores messages, and counts their series. The topic is zigbee2mqtt/kitchen, where none is given. */
  async append(...sent: readonly Sent[]): Promise<void> {
    const behind = this.#store.end();
    this.#store.append(
      sent.map(({ second, topic = "zigbee2mqtt/kitchen", payload, retained = false, ...more }) => ({
        ...rowOf("{}", START_US + second * 1e6),
        ...more,
        topic,
        payload: Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload)),
        retained,
        value: null,
        observedUs: null,
      })),
    );
    using catalogue = new Catalogue(this.indexFile);
    const of = catalogue.stream("home");
    const reader = openSeriesReader(this.#home, SKEW_US);
    const query = behind === null ? {} : { behind };
    for await (const { messages } of readRange(this.#home.place, query)) {
      for (const message of messages) {
        const row = { ...positionOf(message.cursor), receivedUs: message.receivedUs };
        const reading = reader.read(message, of.memory.at(row));
        catalogue.describe(reading.metadata);
        of.note(reading, row);
      }
    }
    catalogue.save();
  }

  rotate(): void {
    this.#store.rotate(START_US + 3_600e6);
  }

  /** The oldest first. */
  segmentFiles(): string[] {
    return this.#store.segments().map(({ file }) => file);
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}
