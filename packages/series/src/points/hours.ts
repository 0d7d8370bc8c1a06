/**
 * What the hours of one day leave behind, in few bytes: they are kept for ever, and a chart of years reads thousands
 * of them.
 *
 * Decimals are whole numbers, and what can be guessed is subtracted from each: the least value from the others, the
 * hour before from the count, the average from the integral. Most of them fit into one or two bytes then. Values that
 * are no decimals are doubles; so are sums where a whole number would change more than the error of the additions.
 *
 * The bytes: a version; which sums are whole, and the unit of times; the digits behind the point; 24 bits for the
 * hours that are there; the fields of one hour after the other.
 */
import type { PartialBucket } from "../buckets/partial.ts";
import {
  COUNT,
  FIRST,
  FIRST_US,
  INCREASE,
  INTEGRAL,
  LAST,
  LAST_US,
  MAX,
  MIN,
  partialAt,
  SUM,
  TRANSITIONS,
  WIDTH,
} from "../buckets/partial-numbers.ts";
import { decimalsOf } from "../points-file/decimals.ts";
import {
  SIGNED_MAX,
  VarintReader,
  writeDouble,
  writeNumber,
  writeSigned,
} from "../points-file/varints.ts";

const VERSION = 1;
const HOURS = 24;
const HOUR_US = 3_600_000_000;
/** Times are in the largest of these of which all are multiples. */
const UNITS_US = [1_000_000, 1_000, 1] as const;
const SUMS = ["sum", "increase", "integral"] as const;
/** No more exact is what hundreds of additions of doubles give. */
const SUM_ERROR_MAX = 1e-12;
const HEADER_BYTES = 6;
const HOUR_BYTES_MAX = 128;

type Sum = (typeof SUMS)[number];

/** How the numbers of a day are stored. */
interface Form {
  /** 10 to the power of the digits behind the point; `null` for doubles. */
  power: number | null;
  unitUs: number;
  /** Which sums are whole numbers. */
  whole: Record<Sum, boolean>;
}

/** An hour of decimals, as whole numbers. */
interface Whole {
  count: number;
  min: number;
  max: number;
  first: number;
  last: number;
  /** From the first point to the last, in units of time. */
  duration: number;
}

/** @param partials of one day, by the hour of it (0 to 23, UTC) in which their points lie. */
export function encodeHours(partials: ReadonlyMap<number, PartialBucket>): Uint8Array {
  const hours = [...partials].sort(([one], [other]) => one - other);
  const parts = hours.map(([, partial]) => partial);
  checkHours(hours);
  const values = Float64Array.from(
    parts.flatMap(({ min, max, first, last }) => [min, max, first.value, last.value]),
  );
  const decimals = decimalsOf(values);
  const unitUs = unitOf(parts);
  const form: Form = {
    power: decimals === null ? null : 10 ** decimals.scale,
    unitUs,
    whole: { sum: false, increase: false, integral: false },
  };
  const numbers = decimals?.unscaled ?? values;
  const wholes = parts.map((part, index) => wholeOf(part, numbers.subarray(index * 4), unitUs));
  // In this order, because a sum that is whole helps to guess the integral.
  for (const sum of SUMS) form.whole[sum] = areWhole(sum, parts, wholes, form);

  const bytes = new Uint8Array(HEADER_BYTES + parts.length * HOUR_BYTES_MAX);
  const kinds = SUMS.reduce((bits, sum, index) => bits + (form.whole[sum] ? 1 << index : 0), 0);
  const mask = hours.reduce((bits, [hour]) => bits + 2 ** hour, 0);
  const unit = UNITS_US.indexOf(unitUs);
  bytes.set([VERSION, kinds + unit * 8, decimals === null ? 0 : decimals.scale + 1]);
  bytes.set([mask, mask >>> 8, mask >>> 16], 3);
  let at = HEADER_BYTES;
  let before = { count: 0, transitions: 0, min: 0 };
  hours.forEach(([, part], index) => {
    const whole = wholes[index] as Whole;
    at = writeHour(bytes, at, part, whole, before, form);
    before = { count: part.count, transitions: part.transitions, min: whole.min };
  });
  return bytes.slice(0, at);
}

/** The partials by the hour. See `visitHours`. */
export function decodeHours(blob: Uint8Array, dayUs: number): Map<number, PartialBucket> {
  const partials = new Map<number, PartialBucket>();
  const numbers = new Float64Array(WIDTH);
  visitHours(blob, { dayUs, numbers }, (hour) => partials.set(hour, partialAt(numbers, 0)));
  return partials;
}

/**
 * Visits the hours of the day with points, in the order of time.
 *
 * @param dayUs the beginning of the day, in microseconds since the epoch.
 * @param numbers those of the hour that is visited, as `partialAt` takes them.
 * @throws Error for bytes that `encodeHours` has not made.
 */
export function visitHours(
  blob: Uint8Array,
  { dayUs, numbers }: { dayUs: number; numbers: Float64Array },
  visit: (hour: number) => void,
): void {
  const reader = new VarintReader(blob);
  const version = reader.byte();
  if (version !== VERSION) throw new Error(`hours of version ${version} are not known here`);
  const kinds = reader.byte();
  const unitUs = UNITS_US[kinds >> 3];
  if (unitUs === undefined) throw new Error(`hours of the form ${kinds} are not known here`);
  const scale = reader.byte();
  const form: Form = {
    power: scale === 0 ? null : 10 ** (scale - 1),
    unitUs,
    whole: { sum: (kinds & 1) > 0, increase: (kinds & 2) > 0, integral: (kinds & 4) > 0 },
  };
  const mask = reader.byte() + (reader.byte() << 8) + (reader.byte() << 16);
  const before = { count: 0, transitions: 0, min: 0 };
  for (let hour = 0; hour < HOURS; hour++) {
    if ((mask & (1 << hour)) === 0) continue;
    readHour(reader, dayUs + hour * HOUR_US, before, form, numbers);
    visit(hour);
  }
  if (!reader.isAtEnd) throw new Error(`${blob.length - reader.at} bytes follow the hours`);
}

function writeHour(
  bytes: Uint8Array,
  start: number,
  part: PartialBucket,
  whole: Whole,
  before: { count: number; transitions: number; min: number },
  form: Form,
): number {
  const { first, last } = part;
  const { power, unitUs } = form;
  const hourUs = Math.floor(first.us / HOUR_US) * HOUR_US;
  let at = writeSigned(bytes, start, part.count - before.count);
  at = writeNumber(bytes, at, (first.us - hourUs) / unitUs);
  // Of one point, the rest is known.
  const others = part.count === 1 ? [] : [whole.max, whole.first, whole.last];
  if (power === null) at = writeDouble(bytes, at, whole.min);
  else at = writeSigned(bytes, at, whole.min - before.min);
  for (const other of others) {
    if (power === null) at = writeDouble(bytes, at, other);
    else at = writeNumber(bytes, at, other - whole.min);
  }
  if (part.count === 1) return at;
  at = writeNumber(bytes, at, (hourUs + HOUR_US - last.us) / unitUs);
  at = writeSigned(bytes, at, part.transitions - before.transitions);
  for (const sum of SUMS) {
    if (form.whole[sum]) at = writeSigned(bytes, at, aboveGuess(sum, part, whole, form));
    else at = writeDouble(bytes, at, part[sum]);
  }
  return at;
}

/** @param before is changed into what this hour is for the next one. @param numbers are overwritten. */
function readHour(
  reader: VarintReader,
  hourUs: number,
  before: { count: number; transitions: number; min: number },
  form: Form,
  numbers: Float64Array,
): void {
  const { power, unitUs } = form;
  const divisor = power ?? 1;
  const count = before.count + reader.signed();
  before.count = count;
  const firstUs = hourUs + reader.number() * unitUs;
  const min = power === null ? reader.double() : before.min + reader.signed();
  before.min = min;
  numbers[COUNT] = count;
  numbers[FIRST_US] = firstUs;
  numbers[MIN] = min / divisor;
  if (count === 1) {
    before.transitions = 0;
    for (const field of [SUM, MAX, FIRST, LAST]) numbers[field] = min / divisor;
    numbers[LAST_US] = firstUs;
    for (const field of [INCREASE, TRANSITIONS, INTEGRAL]) numbers[field] = 0;
    return;
  }
  const max = power === null ? reader.double() : min + reader.number();
  const first = power === null ? reader.double() : min + reader.number();
  const last = power === null ? reader.double() : min + reader.number();
  const lastUs = hourUs + HOUR_US - reader.number() * unitUs;
  const transitions = before.transitions + reader.signed();
  before.transitions = transitions;
  const whole = { count, min, max, first, last, duration: (lastUs - firstUs) / unitUs };
  const above = form.whole.sum ? reader.signed() : 0;
  numbers[MAX] = max / divisor;
  numbers[FIRST] = first / divisor;
  numbers[LAST_US] = lastUs;
  numbers[LAST] = last / divisor;
  numbers[TRANSITIONS] = transitions;
  numbers[SUM] = form.whole.sum
    ? sumOf("sum", guess("sum", whole, above) + above, form)
    : reader.double();
  numbers[INCREASE] = form.whole.increase
    ? sumOf("increase", guess("increase", whole, above) + reader.signed(), form)
    : reader.double();
  numbers[INTEGRAL] = form.whole.integral
    ? sumOf("integral", guess("integral", whole, above) + reader.signed(), form)
    : reader.double();
}

/**
 * What a sum of whole numbers is about.
 *
 * @param above by how much the sum of the values was guessed too small.
 */
function guess(sum: Sum, { count, min, first, last, duration }: Whole, above: number): number {
  switch (sum) {
    case "sum":
      return min * count;
    case "increase":
      return last - first;
    case "integral":
      return min * duration + Math.round((above * duration) / count);
  }
}

function aboveGuess(sum: Sum, part: PartialBucket, whole: Whole, form: Form): number {
  const above = sum === "integral" && form.whole.sum ? aboveGuess("sum", part, whole, form) : 0;
  return wholeSum(sum, part[sum], form) - guess(sum, whole, above);
}

function wholeSum(sum: Sum, value: number, { power, unitUs }: Form): number {
  return Math.round((sum === "integral" ? value / unitUs : value) * (power ?? 1));
}

function sumOf(sum: Sum, number: number, { power, unitUs }: Form): number {
  return (sum === "integral" ? number * unitUs : number) / (power ?? 1);
}

/** Whether a sum comes back in every hour when it is stored as a whole number. */
function areWhole(
  sum: Sum,
  parts: readonly PartialBucket[],
  wholes: readonly Whole[],
  form: Form,
): boolean {
  if (form.power === null) return false;
  return parts.every((part, index) => {
    const whole = wholes[index] as Whole;
    const above = form.whole.sum ? aboveGuess("sum", part, whole, form) : 0;
    const stored = aboveGuess(sum, part, whole, form);
    const found = sumOf(sum, guess(sum, whole, above) + stored, form);
    const error = Math.abs(found - part[sum]);
    return Math.abs(stored) <= SIGNED_MAX && error <= SUM_ERROR_MAX * Math.abs(part[sum]);
  });
}

function wholeOf(
  { count, first, last }: PartialBucket,
  numbers: Float64Array,
  unitUs: number,
): Whole {
  const [min = 0, max = 0, firstNumber = 0, lastNumber = 0] = numbers;
  const duration = (last.us - first.us) / unitUs;
  return { count, min, max, first: firstNumber, last: lastNumber, duration };
}

function unitOf(parts: readonly PartialBucket[]): (typeof UNITS_US)[number] {
  const fits = (unitUs: number) =>
    parts.every(({ first, last }) => first.us % unitUs === 0 && last.us % unitUs === 0);
  return UNITS_US.find(fits) ?? 1;
}

function checkHours(hours: readonly (readonly [number, PartialBucket])[]): void {
  const day = Math.floor((hours[0]?.[1].first.us ?? 0) / (HOURS * HOUR_US));
  for (const [hour, { first, last }] of hours) {
    for (const { us } of [first, last]) {
      if (Math.floor(us / HOUR_US) === day * HOURS + hour) continue;
      throw new Error(`a point of ${us} us is not in hour ${hour} of the day ${day}`);
    }
  }
}
