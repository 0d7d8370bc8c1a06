import { z } from "zod";

const DURATIONS_MS = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;
const SIZES_BYTES = {
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

const DURATION = /^\d{1,9}(ms|s|m|h|d)$/;
const SIZE = /^\d{1,9}(\.\d{1,3})?(kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** What a valid duration looks like, for `--help` and for errors. */
export const DURATION_FORM = "a whole number with a unit: 20ms, 90s, 35m, 12h, 7d";

/** Two bounds, both included, as they are written. */
export interface Bounds {
  min: string;
  max: string;
}

/** A duration as a file has it: `90s`, `35m`, `7d`; read as milliseconds. A number without a unit is refused. */
export function duration(bounds: Bounds) {
  const words = `a duration is ${DURATION_FORM}`;
  return bounded(z.string(words).regex(DURATION, words), millisecondsOf, bounds);
}

/** A size as a file has it: `500MB`, `1.5GiB`; read as bytes. */
export function size(bounds: Bounds) {
  const words = "a size is a number with a unit: 500MB, 10GB, 1.5GiB";
  return bounded(z.string(words).regex(SIZE, words), bytesOf, bounds);
}

function bounded(schema: z.ZodString, read: (text: string) => number, { min, max }: Bounds) {
  // A text without a unit reads as NaN: one problem is enough for it.
  const isWithin = (text: string) => !(read(text) < read(min) || read(text) > read(max));
  return schema.refine(isWithin, `it must be from ${min} to ${max}`).transform(read);
}

/** The milliseconds of a duration; NaN for any other text. */
export function parseDuration(text: string): number {
  return DURATION.test(text) ? millisecondsOf(text) : Number.NaN;
}

/** @param text a valid duration. At a terminal it may also have decimals, or be in weeks (`w`). */
export function millisecondsOf(text: string): number {
  return Number.parseFloat(text) * DURATIONS_MS[unitOf(text) as keyof typeof DURATIONS_MS];
}

/** @param text a valid size. */
export function bytesOf(text: string): number {
  const bytes = Number.parseFloat(text) * SIZES_BYTES[unitOf(text) as keyof typeof SIZES_BYTES];
  return Math.round(bytes);
}

function unitOf(text: string): string {
  return text.replace(/^[\d.]+/, "");
}
