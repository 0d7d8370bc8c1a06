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
import { stampOf } from "./damage.ts";

/** A write-ahead log of which SQLite reads only the beginning, because something behind it is damaged. */
export interface DamagedLog {
  /** Transactions from there on. SQLite skips them without an error. */
  commits: number;
  /** A copy of the log as it was found; `null` when there was no room for one. */
  keptAs: string | null;
}

/** Copies that are kept of the logs of one file; the oldest goes. */
const COPIES_MAX = 3;

/**
 * Checks, before SQLite opens a file, whether its write-ahead log is damaged, and keeps a copy of one that
 * is. A log that merely ends within a transaction, as after a kill or a power cut, is not damaged: nothing
 * that was committed lies behind its end.
 */
export function keepDamagedLog(file: string, nowUs: number): DamagedLog | null {
  const log = `${file}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= HEADER_BYTES) return null;
  const commits = countLostCommits(log);
  return commits === 0 ? null : { commits, keptAs: copyOf(log, nowUs) };
}

function copyOf(log: string, nowUs: number): string | null {
  const copy = `${log}.damaged-${stampOf(nowUs)}`;
  try {
    copyFileSync(log, copy);
  } catch {
    // Room for new messages is worth more than the copy.
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

/** Counts transactions that are complete and lie behind the first frame whose checksum is wrong. */
function countLostCommits(log: string): number {
  const descriptor = openSync(log, "r");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
    const pageBytes = header.readUInt32BE(8);
    if (pageBytes < 512 || pageBytes > 65_536) return 0;
    const sum = createSum(header.readUInt32BE(0) === BIG_ENDIAN_SUMS);
    sum.add(header.subarray(0, HEADER_SUMMED_BYTES));
    let isIntact = sum.is(header.readUInt32BE(24), header.readUInt32BE(28));
    let commits = 0;
    for (const frame of readFrames(descriptor, FRAME_HEADER_BYTES + pageBytes)) {
      // Frames of an earlier use of the log have other salts; the log ends before them.
      if (frame.compare(header, 16, 24, 8, 16) !== 0) {
        isIntact = false;
      } else if (isIntact) {
        sum.add(frame.subarray(0, FRAME_SUMMED_BYTES));
        sum.add(frame.subarray(FRAME_HEADER_BYTES));
        // The last frame may be torn: only frames behind it prove damage.
        isIntact = sum.is(frame.readUInt32BE(16), frame.readUInt32BE(20));
      } else if (frame.readUInt32BE(4) !== 0) {
        // The last frame of a transaction has the size of the database.
        commits += 1;
      }
    }
    return commits;
  } finally {
    closeSync(descriptor);
  }
}

function* readFrames(descriptor: number, frameBytes: number): Generator<Buffer> {
  const frames = Math.floor((fstatSync(descriptor).size - HEADER_BYTES) / frameBytes);
  const bytes = Buffer.alloc(frameBytes * READ_FRAMES);
  for (let first = 0; first < frames; first += READ_FRAMES) {
    const count = Math.min(READ_FRAMES, frames - first);
    readSync(descriptor, bytes, 0, count * frameBytes, HEADER_BYTES + first * frameBytes);
    for (let index = 0; index < count; index += 1) {
      yield bytes.subarray(index * frameBytes, (index + 1) * frameBytes);
    }
  }
}

/** The checksum of a log, which continues from frame to frame. */
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
