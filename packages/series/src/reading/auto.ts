import { type Message, recordOf } from "./message.ts";
import { itemPathOf, type Path, pathOf } from "./path.ts";
import type { About, Reading } from "./reading.ts";

/** Fields at the top level of a payload that hold its time, the first that is there counting. */
export const TIME_FIELDS = [
  "time",
  "timestamp",
  "ts",
  "Time",
  "epochtime",
  "last_seen",
  "datetime",
  "tst",
  "Timestamp",
] as const;
const IS_TIME: ReadonlySet<string> = new Set(TIME_FIELDS);

/** Objects within objects at most. */
const DEPTH_MAX = 8;
/** Longer arrays are measurements of another kind: spectra, pictures, tables. */
const ITEMS_MAX = 16;

/**
 * Reads what no family knows better: text that is a number or a state, and of JSON every number, numeric text,
 * boolean and word of a pair, in nested objects and short arrays, too.
 */
export function readAuto(message: Message, reading: Reading): void {
  const { json } = message;
  if (json === undefined) {
    const { text } = message;
    if (text === null) reading.ignore("", "bytes");
    else reading.addValue("", text);
    return;
  }
  readDocument(message, reading, json);
}

/** Reads what JSON holds, from whichever encoding it was decoded. */
export function readDocument(message: Message, reading: Reading, document: unknown): void {
  const record = recordOf(document);
  if (record === null) readAny(reading, "", document, 0);
  else {
    takeTime(message, reading, record);
    readRecord(reading, "", record, 0, hasSequence(record) ? aboutSequence : undefined);
  }
}

/** Whether a payload has its place in the sequence of an outbox, as docs/explanation/delivery.md has it. */
function hasSequence({ publisher, epoch, seq }: Readonly<Record<string, unknown>>): boolean {
  return typeof publisher === "string" && typeof epoch === "string" && typeof seq === "number";
}

const SEQUENCE: ReadonlySet<string> = new Set(["publisher", "epoch", "seq"]);
const aboutSequence: AboutField = (_, path) => (SEQUENCE.has(path) ? null : undefined);

/** The time of the first field that has one. */
function takeTime(
  message: Message,
  reading: Reading,
  record: Readonly<Record<string, unknown>>,
): void {
  const field = TIME_FIELDS.find((name) => record[name] !== undefined);
  if (field !== undefined) reading.takeTime(message, field, record[field]);
}

/** What a family knows of a field: `null` for a field that is no reading, `undefined` for nothing. */
export type AboutField = (key: string, path: Path) => About | null | undefined;

/** Reads each field of an object. A unit beside a value is that of the value. */
export function readRecord(
  reading: Reading,
  parent: Path,
  record: Readonly<Record<string, unknown>>,
  depth: number,
  aboutField?: AboutField,
): void {
  for (const key in record) {
    // A loop over keys is faster than a list of entries. Payloads have no prototype but the built-in one.
    const value = record[key];
    if (depth === 0 && IS_TIME.has(key)) continue;
    const path = pathOf(parent, key);
    const known = aboutField?.(key, path);
    const about = key === "value" && known !== null ? aboutBeside(record, known) : known;
    if (about === null) reading.ignore(path, "not a reading");
    else if (typeof value === "number") reading.addValue(path, value, about);
    else readAny(reading, path, value, depth + 1, aboutField, about);
  }
}

function readAny(
  reading: Reading,
  path: Path,
  value: unknown,
  depth: number,
  aboutField?: AboutField,
  about?: About,
): void {
  if (typeof value !== "object" || value === null) reading.addValue(path, value, about);
  else if (depth >= DEPTH_MAX) reading.leaveOut(path, `deeper than ${DEPTH_MAX} objects`);
  else if (!Array.isArray(value))
    readRecord(reading, path, value as Record<string, unknown>, depth, aboutField);
  else if (value.length > ITEMS_MAX) reading.ignore(path, `an array of more than ${ITEMS_MAX}`);
  else
    for (const [index, item] of value.entries())
      readAny(reading, itemPathOf(path, index), item, depth + 1, aboutField, about);
}

/** `{"value": 21.5, "unit": "°C", "displayName": "Air"}` gives a unit and a name. */
function aboutBeside(
  record: Readonly<Record<string, unknown>>,
  known: About | undefined,
): About | undefined {
  const { displayName } = record;
  const unit = record.unit ?? record.unit_of_measurement;
  const beside: About = {};
  if (typeof unit === "string" && unit !== "") beside.unit = unit;
  if (typeof displayName === "string" && displayName !== "") beside.name = displayName;
  return known === undefined && Object.keys(beside).length === 0
    ? undefined
    : { ...beside, ...known };
}
