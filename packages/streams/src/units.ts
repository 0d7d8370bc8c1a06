const DURATIONS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
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

/** A duration as it is written: `90s`, `35m`, `7d`. */
export const DURATION: RegExp = /^\d{1,9}(ms|s|m|h|d)$/;
/** A size as it is written: `500MB`, `1.5GiB`. */
export const SIZE: RegExp = /^\d{1,9}(\.\d{1,3})?(kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** @param text matches `DURATION`. */
export function millisecondsOf(text: string): number {
  return numberOf(text) * DURATIONS_MS[unitOf(text) as keyof typeof DURATIONS_MS];
}

/** @param text matches `SIZE`. */
export function bytesOf(text: string): number {
  return Math.round(numberOf(text) * SIZES_BYTES[unitOf(text) as keyof typeof SIZES_BYTES]);
}

const numberOf = (text: string): number => Number.parseFloat(text);
const unitOf = (text: string): string => text.replace(/^[\d.]+/, "");
