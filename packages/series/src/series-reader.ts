import { PAYLOAD_BYTES_MAX } from "@weir/protocol";
import type { Family } from "./families/family.ts";
import { FAMILIES } from "./families/index.ts";
import { readAuto } from "./reading/auto.ts";
import type { Memory } from "./reading/memory.ts";
import {
  type Document,
  Message,
  type ReadingRules,
  type SourceMessage,
} from "./reading/message.ts";
import type { Path } from "./reading/path.ts";
import { type About, Reading, TOPIC_LENGTH_MAX } from "./reading/reading.ts";

/** A series that a stream names itself. */
export interface ConfiguredSeries extends About {
  path: Path;
}

/** What a stream reads as series. */
export type SeriesChoice = "auto" | "off" | readonly ConfiguredSeries[];

export interface SeriesReaderOptions extends ReadingRules {
  series: SeriesChoice;
  /** Decodes the payloads of an encoding that needs a schema; `null` for none. */
  document: ((payload: Buffer) => Document) | null;
  /** Default all. */
  families?: readonly Family[];
}

/** Topics whose families are remembered at most. */
const TOPICS_MAX = 20_000;

/** Reads the messages of one stream: by the first family that knows a payload, otherwise by `auto`. */
export class SeriesReader {
  readonly #options: SeriesReaderOptions;
  readonly #listed: ReadonlyMap<Path, ConfiguredSeries> | null;
  readonly #families = new Map<string, readonly Family[]>();

  constructor(options: SeriesReaderOptions) {
    this.#options = options;
    const { series } = options;
    this.#listed =
      typeof series === "string" ? null : new Map(series.map((one) => [one.path, one]));
  }

  /** Reads one message. Never throws: whatever arrives has a reading, which may be empty and says why. */
  read(source: SourceMessage, memory: Memory): Reading {
    const message = new Message(source, this.#options, this.#options.document);
    const reading = new Reading(message, memory);
    if (this.#options.series === "off") {
      reading.ignore("", "the stream has no series");
      return reading;
    }
    // Not even the families are asked: what is remembered of 20,000 topics would take a gigabyte.
    if (source.topic.length > TOPIC_LENGTH_MAX) {
      reading.leaveOut("", "the topic is too long");
      return reading;
    }
    this.#readInto(reading, message, memory);
    if (this.#listed !== null) keepListed(reading, this.#listed);
    // What the broker had kept was read when it was new, or will never be known to be new.
    if (source.retained && reading.points.length > 0) {
      reading.points.length = 0;
      reading.ignore("", "a retained message is not a new reading");
    }
    return reading;
  }

  #readInto(reading: Reading, message: Message, memory: Memory): void {
    const { topic, payload } = message;
    if (payload.length === 0) {
      reading.ignore("", "empty message");
      for (const family of this.#familiesOf(topic)) {
        if (family.readEmpty === undefined) continue;
        reading.family = family.name;
        family.readEmpty(message, reading, memory);
      }
      return;
    }
    const isLarge = payload.length > PAYLOAD_BYTES_MAX;
    if (!isLarge && message.problem !== null) {
      reading.ignore("", message.problem);
      return;
    }
    for (const family of this.#familiesOf(topic)) {
      if (isLarge && family.isAnnouncement?.(topic) !== true) continue;
      reading.family = family.name;
      if (family.read(message, reading, memory)) return;
    }
    reading.family = "auto";
    if (isLarge) reading.leaveOut("", "payload too large");
    else readAuto(message, reading);
  }

  #familiesOf(topic: string): readonly Family[] {
    const known = this.#families.get(topic);
    if (known !== undefined) return known;
    const families = (this.#options.families ?? FAMILIES).filter((family) => family.matches(topic));
    if (this.#families.size >= TOPICS_MAX) this.#families.clear();
    this.#families.set(topic, families);
    return families;
  }
}

/** Leaves the points that a stream lists, with what it says of them. */
function keepListed(reading: Reading, listed: ReadonlyMap<Path, ConfiguredSeries>): void {
  const { points } = reading;
  let kept = 0;
  for (const point of points) {
    const wanted = listed.get(point.path);
    if (wanted === undefined) continue;
    points[kept] = point;
    kept += 1;
    const { path, ...about } = wanted;
    reading.metadata.push({ topic: reading.topic, path, source: "configuration", about });
  }
  points.length = kept;
}
