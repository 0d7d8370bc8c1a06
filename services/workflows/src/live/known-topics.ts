import { type Clock, Fault, type Logger } from "@weir/runtime";
import { type Device, deviceOf, formatSeries, SeriesLookup } from "@weir/series";

/** How long what the catalogue says of a topic is believed; of one that it does not know yet, shorter. */
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 60_000;
/** How long the catalogue stays open: a damaged one is replaced. */
const OPEN_MS = 10_000;
/** Topics of a stream that are remembered at most. */
const TOPICS_MAX = 50_000;

/** What is known of one series. */
export interface KnownSeries {
  /** `stream:topic#path`. */
  series: string;
  unit: string | null;
  device: Device;
}

interface KnownTopic {
  untilMs: number;
  /** What the catalogue says of its paths. */
  about: ReadonlyMap<string, { unit: string | null; device: string | null }>;
  /** The device that the first of them belongs to; `undefined` where none is catalogued. */
  first: string | null | undefined;
  series: Map<string, KnownSeries>;
}

/** Which device and unit the series of a topic have, as the catalogue says. */
export class KnownTopics implements Disposable {
  readonly #indexFile: string;
  readonly #context: { clock: Clock; logger: Logger };
  /** By stream and topic. */
  readonly #topics = new Map<string, Map<string, KnownTopic>>();
  #lookup: SeriesLookup | null = null;
  #openUntilMs = 0;

  constructor(indexFile: string, context: { clock: Clock; logger: Logger }) {
    this.#indexFile = indexFile;
    this.#context = context;
  }

  seriesOf(stream: string, topic: string, path: string): KnownSeries {
    const known = this.#topicOf(stream, topic);
    const before = known.series.get(path);
    if (before !== undefined) return before;
    const { unit = null, device = null } = known.about.get(path) ?? {};
    const found = {
      series: formatSeries({ stream, topic, path }),
      unit,
      device: deviceOf({ stream, topic, path, device }),
    };
    known.series.set(path, found);
    return found;
  }

  /** @param isValue whether the payload is one value, and so the last level its name. */
  deviceOf(stream: string, topic: string, isValue: boolean): Device {
    const { about, first = null } = this.#topicOf(stream, topic);
    const [path = isValue ? "" : "value"] = about.keys();
    return deviceOf({ stream, topic, path, device: first });
  }

  [Symbol.dispose](): void {
    this.#lookup?.[Symbol.dispose]();
    this.#lookup = null;
  }

  #topicOf(stream: string, topic: string): KnownTopic {
    const nowMs = this.#context.clock.monotonic();
    let ofStream = this.#topics.get(stream);
    if (ofStream === undefined) {
      ofStream = new Map();
      this.#topics.set(stream, ofStream);
    }
    const known = ofStream.get(topic);
    if (known !== undefined && nowMs < known.untilMs) return known;
    if (ofStream.size >= TOPICS_MAX) ofStream.clear();
    const about = this.#read(stream, topic);
    const found: KnownTopic = {
      untilMs: nowMs + (about.size === 0 ? UNKNOWN_MS : KNOWN_MS),
      about,
      first: about.values().next().value?.device,
      series: new Map(),
    };
    ofStream.set(topic, found);
    return found;
  }

  #read(stream: string, topic: string): KnownTopic["about"] {
    try {
      if (this.#context.clock.monotonic() >= this.#openUntilMs) this[Symbol.dispose]();
      if (this.#lookup === null) {
        this.#lookup = new SeriesLookup(this.#indexFile);
        this.#openUntilMs = this.#context.clock.monotonic() + OPEN_MS;
      }
      const series = this.#lookup.ofTopic(stream, topic);
      return new Map(series.map(({ path, unit, device }) => [path, { unit, device }]));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this[Symbol.dispose]();
      this.#context.logger.debug({ err: error }, "the catalogue cannot be read");
      return new Map();
    }
  }
}
