import type { infer as Of } from "zod";
import type { stream, streams } from "../../src/contract/system.ts";
import type { Format } from "../format.ts";
import type { Tone } from "../parts/tone.ts";

type Stream = Of<typeof stream>;

const DAY_MS = 86_400_000;
const SOON_MS = 7 * DAY_MS;
const FULL_SHARE = 0.95;

/** How long rows are kept. */
export function retentionWords(
  { retention: { ageMs, bytesMax, freeDiskBytesMin }, archiveAfterMs }: Stream,
  { bytes }: Pick<Format, "bytes">,
): string {
  const limits = [
    ageMs === null ? null : spanWords(ageMs),
    bytesMax === null ? null : `up to ${bytes(bytesMax)}`,
    freeDiskBytesMin === null ? null : `while ${bytes(freeDiskBytesMin)} are free`,
  ].filter((one) => one !== null);
  const kept = limits.length === 0 ? "for ever" : limits.join(", ");
  return archiveAfterMs === null ? kept : `${kept}; archived after ${spanWords(archiveAfterMs)}`;
}

/** How long points are kept. */
export function historyWords({ keepsHistory, historyMs }: Stream, _: Format): string {
  if (keepsHistory === "off") return "off";
  return keepsHistory === "forever" || historyMs === null ? "for ever" : spanWords(historyMs);
}

/** How full the disk is, and when it will be. */
export function diskWords(
  { freeBytes, totalBytes, fullMs }: NonNullable<Of<typeof streams>["disk"]>,
  nowMs: number,
  { bytes, day }: Pick<Format, "bytes" | "day">,
): { tone: Tone; words: string } {
  const space = `${bytes(freeBytes)} of ${bytes(totalBytes)} free`;
  const isFull = freeBytes <= (1 - FULL_SHARE) * totalBytes;
  const tone = isFull || (fullMs !== null && fullMs - nowMs < SOON_MS) ? "attention" : "ok";
  if (fullMs === null) return { tone, words: `${space}; not full at this rate` };
  return { tone, words: `${space}; full on ${day(fullMs)} at this rate` };
}

function spanWords(ms: number): string {
  const days = ms / DAY_MS;
  if (days >= 1) return days === 1 ? "1 day" : `${round(days)} days`;
  const hours = ms / 3_600_000;
  return hours >= 1 ? `${round(hours)} h` : `${round(ms / 60_000)} min`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
