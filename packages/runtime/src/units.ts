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

/** What a sound duration looks like. */
export const DURATION: RegExp = /^\d{1,9}(ms|s|m|h|d)$/;
const SIZE = /^\d{1,9}(\.\d{1,3})?(kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** The same in words, for `--help` and for what is told of another. */
export const DURATION_FORM = "a whole number with a unit: 20ms, 90s, 35m, 12h, 7d";

/** Two bounds, both included, as they are written. */
export interface Bounds {
  min: string;
  max: string;
}

/** A duration as it is written: `90s`, `35m`, `7d`. A number alone could be of any unit, and is none. */
export function duration(bounds: Bounds): z.ZodString {
  const words = `a duration is ${DURATION_FORM}`;
  return bounded(z.string(words).regex(DURATION, words), { of: millisecondsOf, bounds });
}

/** A size as it is written: `500MB`, `1.5GiB`. */
export function size(bounds: Bounds): z.ZodString {
  const words = "a size is a number with a unit: 500MB, 10GB, 1.5GiB";
  return bounded(z.string(words).regex(SIZE, words), { of: bytesOf, bounds });
}

function bounded(
  text: z.ZodString,
  { of, bounds: { min, max } }: { of: (text: string) => number; bounds: Bounds },
): z.ZodString {
  // Of a text without a unit nothing comes that can be compared; its own problem is enough.
  return text.refine(
    (value) => !(of(value) < of(min) || of(value) > of(max)),
    `it must be from ${min} to ${max}`,
  );
}

/** @param text a sound duration, or one with decimals or in weeks (`w`), as only people at a terminal write it. */
export function millisecondsOf(text: string): number {
  return numberOf(text) * DURATIONS_MS[unitOf(text) as keyof typeof DURATIONS_MS];
}

/** @param text a sound size. */
export function bytesOf(text: string): number {
  return Math.round(numberOf(text) * SIZES_BYTES[unitOf(text) as keyof typeof SIZES_BYTES]);
}

const numberOf = (text: string): number => Number.parseFloat(text);
const unitOf = (text: string): string => text.replace(/^[\d.]+/, "");
