import type { Message } from "../reading/message.ts";
import { pathOf } from "../reading/path.ts";
import type { About, Reading } from "../reading/reading.ts";
import { numberOf } from "../reading/values.ts";
import type { Family } from "./family.ts";

const EQUALS = 0x3d;
/** Lines of a message at most. */
const LINES_MAX = 1_000;
/** The measurement and its tags, up to the space before the fields. */
const HEAD = /((?:[^\\,= ]|\\.)+)((?:,(?:[^\\,= ]|\\.)+=(?:[^\\,= ]|\\.)+)*) +/y;
/** A field, and what follows: another one, a time, or the end of the line. */
const FIELD = /((?:[^\\,= ]|\\.)+)=("(?:[^"\\]|\\.)*"|[^", ]+)(?:(,)| +(-?\d{1,20}) *$| *$)/y;
const TAG = /,((?:[^\\,=]|\\.)+)=((?:[^\\,]|\\.)+)/g;

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?$/i;
const INTEGER = /^(?:-?\d{1,20}i|\d{1,20}u)$/;
const TRUE = new Set(["t", "T", "true", "True", "TRUE"]);
const FALSE = new Set(["f", "F", "false", "False", "FALSE"]);

/** Tags that name a device, the first that is there counting. Telegraf adds `host` to all that it collects. */
const DEVICE_TAGS = ["device", "device_id", "sensor", "host"];
/** A time with fewer digits is not in nanoseconds, as long as it is after 1973. */
const NANOSECOND_DIGITS_MIN = 18;

/** What a line says of one field. Text is no reading unless it is a word of a pair. */
interface Field {
  key: string;
  value: number | boolean | string;
}

interface Line {
  series: string;
  about: About | undefined;
  fields: readonly Field[];
  /** `null` for none. */
  time: string | null;
}

/** Influx line protocol, as Telegraf and many devices write it, on whichever topic. */
export const influx: Family = {
  name: "influx",
  matches: () => true,
  read: (message, reading) => {
    if (!mayBeLines(message.payload)) return false;
    const lines = parseLines(message.text);
    if (lines === null) return false;
    for (const line of lines) readLine(message, reading, line);
    if (lines.length === LINES_MAX) reading.leaveOut("", `beyond ${LINES_MAX} lines`);
    return true;
  },
};

/** The first byte tells JSON and plain numbers, which most messages are. */
function mayBeLines(payload: Buffer): boolean {
  const first = payload[0] ?? 0;
  // A letter, an underscore, a comment, an escaped character, or the first byte of a letter that is not ASCII.
  const isStart =
    (first >= 0x41 && first <= 0x5a) ||
    (first >= 0x61 && first <= 0x7a) ||
    first === 0x23 ||
    first === 0x5c ||
    first === 0x5f ||
    (first >= 0xc2 && first <= 0xf4);
  return isStart && payload.includes(EQUALS);
}

/** @returns `null` unless each line is a point, empty or a comment, as far as they are read. */
function parseLines(text: string | null): Line[] | null {
  if (text === null) return null;
  const lines: Line[] = [];
  for (const written of text.split(/\r?\n/)) {
    if (written.trim() === "" || /^\s*#/.test(written)) continue;
    const line = parseLine(written);
    if (line === null) return null;
    lines.push(line);
    if (lines.length === LINES_MAX) break;
  }
  return lines.length === 0 ? null : lines;
}

function parseLine(text: string): Line | null {
  HEAD.lastIndex = 0;
  const head = HEAD.exec(text);
  if (head === null) return null;
  const [{ length }, measurement = "", tags = ""] = head;
  const fields: Field[] = [];
  let at = length;
  for (;;) {
    FIELD.lastIndex = at;
    const found = FIELD.exec(text);
    if (found === null) return null;
    const [whole, key = "", written = "", comma, time = null] = found;
    const value = fieldValueOf(written);
    if (value === null) return null;
    fields.push({ key: unescaped(key), value });
    at += whole.length;
    if (comma === undefined) return { ...seriesOf(measurement, tags), fields, time };
  }
}

/** One name for the same tags in any order. Escaped commas and equals signs stay, so that no two have one name. */
function seriesOf(measurement: string, tags: string): Pick<Line, "series" | "about"> {
  const pairs = Array.from(tags.matchAll(TAG), ([, key = "", value = ""]) => [key, value] as const);
  const sorted = pairs.toSorted(([one], [other]) => (one < other ? -1 : 1));
  const names = [measurement, ...sorted.map(([key, value]) => `${key}=${value}`)];
  const byKey = new Map(pairs);
  const deviceTag = DEVICE_TAGS.find((tag) => byKey.has(tag));
  const device = deviceTag === undefined ? undefined : byKey.get(deviceTag);
  return {
    series: names.join(",").replaceAll("\\ ", " "),
    about: device === undefined ? undefined : { device: unescaped(device) },
  };
}

function unescaped(text: string): string {
  return text.includes("\\") ? text.replaceAll(/\\([,= \\])/g, "$1") : text;
}

/** @returns `null` for anything that line protocol does not know. */
function fieldValueOf(written: string): number | boolean | string | null {
  if (FLOAT.test(written)) return Number(written);
  if (INTEGER.test(written)) return Number(written.slice(0, -1));
  if (TRUE.has(written)) return true;
  if (FALSE.has(written)) return false;
  return written.startsWith('"') ? written.slice(1, -1) : null;
}

function readLine(message: Message, reading: Reading, { series, about, fields, time }: Line): void {
  reading.takeTimeOfPart(message, "timestamp", time === null ? undefined : timeOf(time));
  for (const { key, value } of fields) {
    const path = pathOf(pathOf("", series), key);
    // A version, or a serial number.
    if (typeof value === "string" && numberOf(value) !== null) reading.ignore(path, "text");
    else reading.addValue(path, value, about);
  }
}

/** In any precision: by default nanoseconds, which a number does not hold exactly. */
function timeOf(digits: string): number | string {
  if (digits.startsWith("-")) return "before 1970";
  return Number(digits.length < NANOSECOND_DIGITS_MIN ? digits : digits.slice(0, -3));
}
