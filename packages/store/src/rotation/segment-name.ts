/** The name of a segment in its stream's folder. */
export interface SegmentName {
  /** Relative to the folder, with a slash: `2026-11-21/data-20261121T000000.000000Z.db`. */
  name: string;
  /** The time in the name, in microseconds since the epoch. */
  namedUs: number;
}

const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{6})Z\.db/;

// Microseconds are exact numbers up to the middle of that year.
const END_US = Date.UTC(2255, 0, 1) * 1_000;

/** A folder of segments, one for each day. */
export const DAY_FOLDER: RegExp = /^\d{4}-\d\d-\d\d$/;

/** Ends the name of a segment that is not complete yet. */
export const MAKING = ".making";

/** The name of a segment; names of one stream sort by their time. */
export function segmentName(stream: string, namedUs: number): SegmentName {
  const stamp = stampOf(namedUs);
  return { name: `${dayOf(stamp)}/${stream}-${stamp}.db`, namedUs };
}

/** A time as names have it: `20261121T000000.000000Z`. */
export function stampOf(timeUs: number): string {
  const micros = timeUs % 1_000;
  const iso = new Date((timeUs - micros) / 1_000).toISOString();
  return `${iso.slice(0, 23).replaceAll(/[-:]/g, "")}${String(micros).padStart(3, "0")}Z`;
}

/** The folder of the segments with this time in their names. */
export function dayOf(stamp: string): string {
  return `${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6, 8)}`;
}

/**
 * The name after all others: that of the present, but never older than the newest one, also when the
 * clock was set back.
 *
 * @param newestUs the time in the newest name, `null` when there is none.
 */
export function nextSegmentName(
  stream: string,
  { nowUs, newestUs }: { nowUs: number; newestUs: number | null },
): SegmentName {
  return segmentName(stream, newestUs === null ? nowUs : Math.max(nowUs, newestUs + 1));
}

/**
 * Reads a name of this stream, also with something behind it (`….db-wal`, `….db.making`,
 * `….db.damaged-…`).
 *
 * @returns `null` for anything else; `suffix` is what stands behind the name.
 */
export function parseSegmentName(
  stream: string,
  { day, entry }: { day: string; entry: string },
): (SegmentName & { suffix: string }) | null {
  if (!entry.startsWith(`${stream}-`)) return null;
  const match = TIME.exec(entry.slice(stream.length + 1));
  if (match === null) return null;
  const [text, year, month, date, hour, minute, second, micros] = match;
  const ms = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  const namedUs = ms * 1_000 + Number(micros);
  if (Number.isNaN(ms) || namedUs >= END_US) return null;
  const segment = segmentName(stream, namedUs);
  const plain = `${stream}-${text}`;
  // A file in the folder of another day is not a segment.
  if (segment.name !== `${day}/${plain}`) return null;
  return { ...segment, suffix: entry.slice(plain.length) };
}
