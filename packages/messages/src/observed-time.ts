import { z } from "zod";

const DECIMAL = /^\d{1,17}(\.\d{1,9})?$/;
const ISO_8601 = z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()]);
const ENDS_WITH_OFFSET = /(Z|[+-]\d{2}:\d{2})$/;

// A plain number is seconds, milliseconds or microseconds by its size: the three ranges do not
// overlap for any time between 1973 and the year 5138.
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;

/**
 * Reads the time of an observation: epoch seconds, milliseconds or microseconds (number or numeric
 * text), ISO 8601 text (UTC where it names no offset), or `{"$date": …}` around either.
 *
 * @returns whole microseconds since the epoch, or `null` for what is none of these, lies before
 * 1970 or is larger than a double holds exactly.
 */
export function parseObservedTime(input: unknown): number | null {
  const time = unwrapDate(input);
  const microseconds = typeof time === "string" ? parseText(time.trim()) : parseNumber(time);
  return Number.isSafeInteger(microseconds) ? microseconds : null;
}

function unwrapDate(input: unknown): unknown {
  const wrapped = typeof input === "object" && input !== null && Object.hasOwn(input, "$date");
  return wrapped ? (input as { $date: unknown }).$date : input;
}

function parseText(text: string): number | null {
  if (isDigits(text)) return parseNumber(Number(text));
  if (DECIMAL.test(text)) return parseNumber(Number(text));
  if (!ISO_8601.safeParse(text).success) return null;
  const isLocal = text.includes("T") && !ENDS_WITH_OFFSET.test(text);
  const milliseconds = Date.parse(isLocal ? `${text}Z` : text);
  return milliseconds >= 0 ? milliseconds * 1_000 : null;
}

function parseNumber(input: unknown): number | null {
  if (typeof input !== "number" || !(input >= 0)) return null;
  if (input < SECONDS_BELOW) return Math.floor(input * 1e6);
  if (input < MILLISECONDS_BELOW) return Math.floor(input * 1e3);
  return Math.floor(input);
}

const DIGITS_MAX = 17;
const ZERO = 0x30;
const NINE = 0x39;

/** Epoch seconds as publishers send them, found without a regular expression: each message asks. */
function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > DIGITS_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < ZERO || code > NINE) return false;
  }
  return true;
}
