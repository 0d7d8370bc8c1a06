import { NUMBER_MAGNITUDE_MAX, withoutMarks } from "@weir/messages";
import { csvRecords, type LineRecord, lines } from "./recording-lines.ts";

/** Numbers that are taken from one recording at most: 16 MB of memory. */
export const VALUES_MAX = 2_000_000;

/** What is taken from a recording. */
export interface Wanted {
  /** Attributes of states, or columns. None takes the number of each reading. */
  attributes: readonly string[];
  /** Only what was recorded of this topic; `null` takes all. */
  topic: string | null;
}

/** The numbers of a recording. */
export interface Recording {
  /** For each sample a number for each attribute, `NaN` where it has none; one after the other, to be small. */
  values: readonly number[];
  /** It ends where it has `VALUES_MAX` numbers. */
  isWhole: boolean;
  /** Lines that could not be used. */
  badLines: number;
  firstBadLine: number | null;
}

/** One line: its numbers, nothing of what is wanted, or something that cannot be used. */
type Taken = readonly number[] | "other" | "bad";

/**
 * Reads what `npm run export` writes, CSV with other columns, objects in JSON lines, or a plain column of
 * numbers. Never throws.
 */
export function parseRecording(text: string, format: "csv" | "lines", wanted: Wanted): Recording {
  const values: number[] = [];
  let badLines = 0;
  let firstBadLine: number | null = null;
  for (const { line, record } of format === "csv" ? csvRecords(text) : jsonLines(text)) {
    const taken = take(record, wanted);
    if (taken === "other") continue;
    if (taken === "bad") {
      badLines += 1;
      firstBadLine ??= line;
    } else {
      if (values.length + taken.length > VALUES_MAX) {
        return { values, isWhole: false, badLines, firstBadLine };
      }
      values.push(...taken);
    }
  }
  return { values, isWhole: true, badLines, firstBadLine };
}

function take(record: unknown, { attributes, topic }: Wanted): Taken {
  if (!isObject(record)) {
    // A number alone is of no topic, and of no attribute.
    const number = numberOf(record);
    if (number === null) return "bad";
    return topic === null && attributes.length === 0 ? [number] : "other";
  }
  if (topic !== null && record.topic !== topic) return "other";
  // Bytes that are no text have nothing but what their decoder has found.
  const text = record.encoding === "base64" ? null : record.payload;
  const payload = typeof text === "string" ? parseJson(withoutMarks(text)) : record;
  return attributes.length === 0
    ? takeNumber(payload, record)
    : takeAttributes(payload, attributes);
}

/** Of an exported reading also `value`: what its decoder has found, if the payload is not JSON. */
function takeNumber(payload: unknown, record: Record<string, unknown>): Taken {
  const own = isObject(payload) ? numberOf(payload.number) : numberOf(payload);
  const number = own ?? numberOf(record.value);
  return number === null ? "bad" : [number];
}

/** A state tells what has changed, and a field of CSV may be empty: none of the attributes is nothing bad. */
function takeAttributes(payload: unknown, attributes: readonly string[]): Taken {
  if (!isObject(payload)) return "bad";
  const data = isObject(payload.data) ? payload.data : payload;
  if (!attributes.some((name) => Object.hasOwn(data, name) && data[name] !== "")) return "other";
  const numbers = attributes.map((name) => numberOf(data[name]));
  return numbers.every((number) => number === null)
    ? "bad"
    : numbers.map((number) => number ?? Number.NaN);
}

function* jsonLines(text: string): Generator<LineRecord> {
  for (const { line, text: written } of lines(text)) {
    if (written.trim() !== "") yield { line, record: parseJson(written) };
  }
}

function numberOf(given: unknown): number | null {
  const number = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  return typeof number === "number" && Math.abs(number) <= NUMBER_MAGNITUDE_MAX ? number : null;
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

/** What is not JSON stays text: it may be a number as people write it, `.5` or `+3`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
