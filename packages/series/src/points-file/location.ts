import { VarintReader, writeNumber } from "./varints.ts";

/** Bytes of a file. */
export interface Place {
  offset: number;
  length: number;
}

/** Which bytes of a file hold the points of a span. */
export interface Location {
  /** The digits behind the point of its decimals; `null` for doubles. */
  scale: number | null;
  /** The rows of its page. */
  pageRows: number;
  /** How many of them are before its own. */
  skip: number;
  time: Place;
  /** `null` where all times are whole milliseconds. */
  micros: Place | null;
  numbers: Place;
}

const BYTES_MAX = 64;

/** Packs a location for the index: some 16 bytes. */
export function packLocation(location: Location): Uint8Array {
  const { scale, pageRows, skip, time, micros, numbers } = location;
  const bytes = new Uint8Array(BYTES_MAX);
  let at = writeNumber(bytes, 0, (scale === null ? 0 : scale + 1) * 2 + Number(micros !== null));
  const parts = [
    pageRows,
    skip,
    time.offset,
    time.length,
    numbers.offset - time.offset,
    numbers.length,
  ];
  // The columns lie behind each other: differences are shorter.
  if (micros !== null) parts.push(micros.offset - time.offset, micros.length);
  for (const part of parts) at = writeNumber(bytes, at, part);
  return bytes.slice(0, at);
}

/** @throws Error for bytes that `packLocation` has not made. */
export function unpackLocation(bytes: Uint8Array): Location {
  const reader = new VarintReader(bytes);
  const kind = reader.number();
  const [pageRows, skip] = [reader.number(), reader.number()];
  const time = { offset: reader.number(), length: reader.number() };
  const place = () => ({ offset: time.offset + reader.number(), length: reader.number() });
  const numbers = place();
  const micros = kind % 2 === 1 ? place() : null;
  return { scale: kind < 2 ? null : (kind >> 1) - 1, pageRows, skip, time, micros, numbers };
}
