import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** A write-ahead log of which SQLite reads only the beginning: something behind it is not what was written. */
export interface DamagedLog {
  /** Transactions from there on. SQLite passes over them without a word. */
  commits: number;
  /** A copy of the log as it was found; `null` when there was no room for one. */
  keptAs: string | null;
}

/** Copies that are kept of the logs of one file; the oldest goes. */
const COPIES_MAX = 3;

/**
 * Looks, before SQLite opens a file, whether its write-ahead log is damaged, and keeps a copy of one that
 * is. A log that merely ends in the middle of a transaction, as one does after a kill or a power cut, is
 * none: nothing that was committed lies behind its end.
 */
export function keepDamagedLog(file: string, nowUs: number): DamagedLog | null {
  const log = `${file}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= HEADER_BYTES) return null;
  const commits = countLostCommits(log);
  return commits === 0 ? null : { commits, keptAs: copyOf(log, nowUs) };
}

function copyOf(log: string, nowUs: number): string | null {
  const time = new Date(nowUs / 1_000).toISOString().replaceAll(/[-:.]/g, "");
  const copy = `${log}.damaged-${time}`;
  try {
    copyFileSync(log, copy);
  } catch {
    // It is worth less than room for what comes.
    rmSync(copy, { force: true });
    return null;
  }
  const copies = readdirSync(dirname(log)).filter((name) =>
    name.startsWith(`${basename(log)}.damaged-`),
  );
  for (const name of copies.sort().slice(0, -COPIES_MAX)) rmSync(join(dirname(log), name));
  return copy;
}

// https://www.sqlite.org/fileformat2.html#walformat
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** What the checksums of a header and of a frame's header cover. */
const HEADER_SUMMED_BYTES = 24;
const FRAME_SUMMED_BYTES = 8;
const BIG_ENDIAN_SUMS = 0x377f0683;
const READ_FRAMES = 128;

/** Transactions that are complete and lie behind the first frame whose checksum is wrong. */
function countLostCommits(log: string): number {
  const descriptor = openSync(log, "r");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
    const pageBytes = header.readUInt32BE(8);
    if (pageBytes < 512 || pageBytes > 65_536) return 0;
    const frames = Math.floor(
      (fstatSync(descriptor).size - HEADER_BYTES) / (FRAME_HEADER_BYTES + pageBytes),
    );
    return countBehindDamage(header, readFrames(descriptor, { pageBytes, frames }));
  } finally {
    closeSync(descriptor);
  }
}

function countBehindDamage(header: Buffer, frames: Iterable<Buffer>): number {
  const sum = createSum(header.readUInt32BE(0) === BIG_ENDIAN_SUMS);
  sum.add(header.subarray(0, HEADER_SUMMED_BYTES));
  let isIntact = sum.is(header.readUInt32BE(24), header.readUInt32BE(28));
  let commits = 0;
  for (const frame of frames) {
    // What is left of an earlier use of the log has other salts, and the log ends before it.
    if (frame.compare(header, 16, 24, 8, 16) !== 0) {
      isIntact = false;
      continue;
    }
    if (isIntact) {
      sum.add(frame.subarray(0, FRAME_SUMMED_BYTES));
      sum.add(frame.subarray(FRAME_HEADER_BYTES));
      isIntact = sum.is(frame.readUInt32BE(16), frame.readUInt32BE(20));
      // The last one may be torn: only what lies behind it tells.
      continue;
    }
    // The last frame of a transaction has the size of the database.
    if (frame.readUInt32BE(4) !== 0) commits += 1;
  }
  return commits;
}

function* readFrames(
  descriptor: number,
  { pageBytes, frames }: { pageBytes: number; frames: number },
): Generator<Buffer> {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const bytes = Buffer.alloc(frameBytes * READ_FRAMES);
  for (let first = 0; first < frames; first += READ_FRAMES) {
    const count = Math.min(READ_FRAMES, frames - first);
    readSync(descriptor, bytes, 0, count * frameBytes, HEADER_BYTES + first * frameBytes);
    for (let index = 0; index < count; index += 1) {
      yield bytes.subarray(index * frameBytes, (index + 1) * frameBytes);
    }
  }
}

/** The checksum of a log, which goes on from frame to frame. */
function createSum(isBigEndian: boolean) {
  let one = 0;
  let other = 0;
  return {
    add: (bytes: Buffer): void => {
      for (let at = 0; at < bytes.length; at += 8) {
        const first = isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
        const second = isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
        one = (one + first + other) >>> 0;
        other = (other + second + one) >>> 0;
      }
    },
    is: (first: number, second: number): boolean => first === one && second === other,
  };
}
