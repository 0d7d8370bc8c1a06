// Readings that are made up, the same in each run. They end on a fixed day, so that months and years fall alike.
import type { NewRow } from "@weir/store";
import { openDecoder } from "@weir/streams";

/** What one topic says: at each time one message, with one value for each path. */
interface Source {
  topic: string;
  /** Whole milliseconds, in microseconds since the epoch; they rise. */
  us: Float64Array;
  /** The values of the message's attributes, by path; a message of the empty path is the number itself. */
  values: ReadonlyMap<string, Float64Array>;
}

/** The messages of one stream. Message `i` of every topic comes before message `i + 1` of any. */
export interface DataSet {
  /** The stream's name. */
  name: string;
  title: string;
  sources: readonly Source[];
  /** How many values there are in all messages together. */
  points: number;
  messages: number;
  fromUs: number;
  toUs: number;
}

/** One series of a set. */
export interface SetSeries {
  topic: string;
  path: string;
  us: Float64Array;
  values: Float64Array;
}

const END_US = Date.UTC(2026, 6, 1) * 1_000;
const MS = 1_000;
const SECOND_US = 1_000_000;
const DAY_SECONDS = 86_400;

/** Plain numbers of three decimals, each some thousandths from the one before, about every ten seconds. */
export function walks({ series = 20, points = 250_000 } = {}): DataSet {
  const random = createRandom(1);
  const stepUs = 10 * SECOND_US;
  const startUs = END_US - points * stepUs;
  const sources = Array.from({ length: series }, (_, number) => ({
    topic: `walk/sensor-${String(number).padStart(2, "0")}`,
    us: times(points, (index) => startUs + index * stepUs + whole(random, 100) * MS),
    values: new Map([["", walk(points, { random, digits: 3, step: 50, start: 21 })]]),
  }));
  return setOf("walks", `${series} walks of three decimals`, sources);
}

/** States of devices with four decimals each, one in 80 seconds, for a day. */
export function states({ topics = 1_000, messages = 1_080 } = {}): DataSet {
  const random = createRandom(2);
  const stepUs = (DAY_SECONDS / 1_080) * SECOND_US;
  const phaseMs = stepUs / MS / topics;
  const startUs = END_US - messages * stepUs;
  const sources = Array.from({ length: topics }, (_, number) => {
    const atUs = startUs + Math.floor(number * phaseMs) * MS;
    const of = (digits: number, step: number, start: number) =>
      walk(messages, { random, digits, step, start });
    return {
      topic: `fleet/device-${String(number).padStart(4, "0")}/state`,
      us: times(messages, (index) => atUs + index * stepUs + whole(random, phaseMs) * MS),
      values: new Map([
        ["temperature", of(2, 5, 21)],
        ["humidity", of(1, 5, 45)],
        ["pressure", of(2, 5, 1_013)],
        ["battery", of(2, 1, 87)],
      ]),
    };
  });
  return setOf("states", `${topics.toLocaleString("en")} topics with four attributes`, sources);
}

/** One number for years: four of them by the minute, the last one every ten seconds. */
export function years({ minutes = 4 * 365 * 1_440, tens = 365 * 8_640 } = {}): DataSet {
  const random = createRandom(3);
  const count = minutes + tens;
  const tensUs = END_US - tens * 10 * SECOND_US;
  const atUs = (index: number): number =>
    tensUs + (index - minutes) * (index < minutes ? 60 : 10) * SECOND_US;
  const us = times(count, (index) => atUs(index) + whole(random, 100) * MS);
  const values = new Map([["", walk(count, { random, digits: 3, step: 50, start: 21 })]]);
  return setOf("years", "one series for years", [{ topic: "years/sensor", us, values }]);
}

function setOf(name: string, title: string, sources: readonly Source[]): DataSet {
  const each = (count: (source: Source) => number): number =>
    sources.reduce((sum, source) => sum + count(source), 0);
  return {
    name,
    title,
    sources,
    points: each(({ us, values }) => us.length * values.size),
    messages: each(({ us }) => us.length),
    fromUs: Math.min(...sources.map(({ us }) => us[0] ?? END_US)),
    toUs: END_US,
  };
}

/** The series of a set, those of a topic one after the other. */
export function seriesOf({ sources }: DataSet): SetSeries[] {
  return sources.flatMap(({ topic, us, values }) =>
    Array.from(values, ([path, valuesOfPath]) => ({ topic, path, us, values: valuesOfPath })),
  );
}

/** The messages as the logger stores them, in the order in which they were received, in parts of a commit. */
export function* rowsOf({ sources }: DataSet, rowsEach = 2_000): Generator<NewRow[]> {
  const decode = openDecoder({ kind: "auto" }, () => {});
  const length = Math.max(...sources.map(({ us }) => us.length));
  let rows: NewRow[] = [];
  for (let index = 0; index < length; index += 1) {
    const timeOf = ({ us }: Source): number => us[index] as number;
    const now = sources.filter(({ us }) => index < us.length);
    for (const source of now.sort((one, other) => timeOf(one) - timeOf(other))) {
      const receivedUs = timeOf(source);
      const { topic } = source;
      const payload = Buffer.from(textAt(source, index));
      const { outcome, ...decoded } = decode(
        { topic, payload },
        { receivedUs, skewUs: 0, timeZone: "UTC" },
      );
      const stored = { qos: 1, retained: false, outcome: outcome.code, isFiltered: false };
      rows.push({ receivedUs, topic, payload, ...stored, ...decoded });
      if (rows.length < rowsEach) continue;
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

function textAt({ values }: Source, index: number): string {
  const alone = values.get("");
  if (alone !== undefined) return String(alone[index]);
  return JSON.stringify(
    Object.fromEntries(Array.from(values, ([path, all]) => [path, all[index]])),
  );
}

type Random = () => number;

/** Numbers from 0 to below 1 (mulberry32), the same for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to below `below`. */
function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function times(count: number, at: (index: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => at(index));
}

/** Decimals, each at most `step` units of the last digit from the one before. */
function walk(
  count: number,
  { random, digits, step, start }: { random: Random; digits: number; step: number; start: number },
): Float64Array {
  const scale = 10 ** digits;
  let unscaled = start * scale;
  return times(count, () => {
    unscaled += whole(random, 2 * step + 1) - step;
    return unscaled / scale;
  });
}
