import { NUMBER_MAGNITUDE_MAX, withoutMarks } from "@weir/protocol";

/** Numbers of one recording at most: 16 MB of memory. */
export const VALUES_MAX = 2_000_000;

/** What to read from a recording. */
interface Wanted {
  /** Attributes of states, or columns. Without any, the number of each reading. */
  attributes: readonly string[];
  /** `null` takes all topics. */
  topic: string | null;
}

/** The numbers of a recording. */
export interface Recording {
  /** For each sample a number for each attribute, `NaN` where it has none; one after the other, to be small. */
  values: readonly number[];
  /** False for a recording that was cut at `VALUES_MAX`. */
  isWhole: boolean;
  /** Lines that could not be used. */
  badLines: number;
  firstBadLine: number | null;
}

/** Of one line: its numbers; `other`: nothing that is wanted; `bad`: not usable. */
type Taken = readonly number[] | "other" | "bad";

/**
 * Reads what `weir export` writes, CSV with other columns, objects in JSON lines, or a plain column of
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
    // A number alone has no topic and no attribute.
    const number = numberOf(record);
    if (number === null) return "bad";
    return topic === null && attributes.length === 0 ? [number] : "other";
  }
  if (topic !== null && record.topic !== topic) return "other";
  // A binary payload has only what its decoder has found.
  const text = record.encoding === "base64" ? null : record.payload;
  const payload = typeof text === "string" ? parseJson(withoutMarks(text)) : record;
  return attributes.length === 0
    ? takeNumber(payload, record)
    : takeAttributes(payload, attributes);
}

/** An exported reading has in `value` what its decoder has found, if the payload is not JSON. */
function takeNumber(payload: unknown, record: Record<string, unknown>): Taken {
  const own = isObject(payload) ? numberOf(payload.number) : numberOf(payload);
  const number = own ?? numberOf(record.value);
  return number === null ? "bad" : [number];
}

/** A state holds only what has changed, and a field of CSV may be empty: a record without the attributes is not bad. */
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

/** Text that is not JSON stays text: it may be a number such as `.5` or `+3`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Twice what a payload of 256 KiB becomes when each of its characters is a quote. */
const RECORD_LENGTH_MAX = 2 ** 20;

interface LineRecord {
  /** From 1 on; the first line of a record that has several. */
  line: number;
  /** `null` if it cannot be read. */
  record: unknown;
}

/** The lines of a text, without their ends. One at a time: there may be millions. */
function* lines(text: string): Generator<{ line: number; text: string }> {
  let line = 1;
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf("\n", from);
    const to = end === -1 ? text.length : end;
    yield { line, text: text.slice(from, text[to - 1] === "\r" ? to - 1 : to) };
    from = to + 1;
    line += 1;
  }
}

/**
 * The records of CSV as RFC 4180 has it, as objects by the names in its first line; where that begins with
 * a number there are no names, and each record is its first field.
 */
function* csvRecords(text: string): Generator<LineRecord> {
  let names: readonly string[] | null = null;
  for (const { line, fields } of csvFields(text)) {
    if (fields === null) {
      yield { line, record: null };
      continue;
    }
    const [first = ""] = fields;
    if (fields.length === 1 && first === "") continue;
    if (line === 1 && (first.trim() === "" || Number.isNaN(Number(first)))) names = fields;
    else yield { line, record: names === null ? first : recordOf(names, fields) };
  }
}

/** The only column is the number, whatever its name. */
function recordOf(names: readonly string[], fields: readonly string[]): unknown {
  const named = names.map((name, index) => [name.trim(), fields[index]] as const);
  const record = Object.fromEntries(named);
  return names.length === 1 ? { ...record, number: fields[0] } : record;
}

/**
 * A record continues on the next line while a quote is open. One that becomes too long is `null`: its closing
 * quote is missing, and the next line starts a new record.
 */
function* csvFields(text: string): Generator<{ line: number; fields: string[] | null }> {
  const open = { line: 1, text: "", isOpen: false };
  for (const { line, text: written } of lines(text)) {
    if (!open.isOpen) Object.assign(open, { line, text: written });
    else open.text += `\n${written}`;
    if (written.split('"').length % 2 === 0) open.isOpen = !open.isOpen;
    const isTooLong = open.text.length > RECORD_LENGTH_MAX;
    if (isTooLong) open.isOpen = false;
    if (!open.isOpen) yield { line: open.line, fields: isTooLong ? null : fieldsOf(open.text) };
  }
  if (open.isOpen) yield { line: open.line, fields: null };
}

const FIELD = /,(?:"([^"]*(?:""[^"]*)*)"|([^,]*))/g;

function fieldsOf(record: string): string[] {
  return [...`,${record}`.matchAll(FIELD)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}
