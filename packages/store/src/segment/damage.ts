import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, errorMessage, fsyncFolderOf, LOCK_MS_MAX } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { APPLICATION_ID } from "./schema.ts";
import { withDatabase } from "./segment-file.ts";

/** A store that was found damaged on opening. */
export interface DamagedStore {
  /** Where it is kept now. */
  keptAs: string;
  /** What SQLite says of it. */
  reason: string;
}

/** Whether SQLite says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB");
}

/** Has the next start check the whole file, because SQLite has met damage in it. */
export function suspectDamage(file: string): void {
  writeFileSync(suspicionOf(file), "");
}

/**
 * Moves a store that is damaged aside, with its write-ahead log, so that an operator can save what can
 * be saved: it is never written again, and never deleted. What every start needs is checked each time, the
 * whole file only after SQLite has met damage in it, because that takes a while.
 *
 * @param isOurs only a logger can have made the file: then it is damaged also when it is no store at all.
 * @param lockMs how long to wait for a lock.
 * @returns `null` when nothing was moved.
 */
export function setAsideIfDamaged(
  file: string,
  nowUs: number,
  { isOurs, lockMs = LOCK_MS_MAX }: { isOurs: boolean; lockMs?: number },
): DamagedStore | null {
  const isStore = existsSync(file) && applicationIdOf(file, lockMs) === APPLICATION_ID;
  if (!isStore && !isOurs) return null;
  const reason = isStore ? findDamage(file, lockMs) : "its header is not that of a store";
  rmSync(suspicionOf(file), { force: true });
  if (reason === null) return null;
  const keptAs = freeName(file, nowUs);
  for (const journal of ["-wal", "-shm", ""]) {
    if (existsSync(file + journal)) renameSync(file + journal, keptAs + journal);
  }
  fsyncFolderOf(file);
  return { keptAs, reason };
}

const suspicionOf = (file: string): string => `${file}.suspect`;

const FILE_HEADER_BYTES = 100;
const APPLICATION_ID_OFFSET = 68;

/**
 * Asks SQLite first: closing a file that `node:fs` has opened drops every lock that this process has on
 * it, and a reader here would lose its log to the next writer. Only the header of a damaged file is read
 * without SQLite; locks on such a file have no use.
 */
function applicationIdOf(file: string, lockMs: number): number {
  try {
    return withDatabase(
      file,
      { readonly: true, timeout: lockMs },
      (database) => database.pragma("application_id", { simple: true }) as number,
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, header, 0, FILE_HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  return header.readUInt32BE(APPLICATION_ID_OFFSET);
}

function findDamage(file: string, lockMs: number): string | null {
  const isSuspect = existsSync(suspicionOf(file));
  try {
    // Read-only, so that not even its write-ahead log is touched.
    return withDatabase(file, { readonly: true, timeout: lockMs }, (database) =>
      isSuspect ? problemIn(database, "quick_check(1)") : checkEssentials(database),
    );
  } catch (error) {
    if (isDamage(error)) return errorMessage(error);
    throw error;
  }
}

const ESSENTIAL_TABLES = ["segment", "topics", "ledger"];

function checkEssentials(database: Database): string | null {
  database.prepare("SELECT * FROM rows ORDER BY id LIMIT 1").get();
  database.prepare("SELECT * FROM rows ORDER BY id DESC LIMIT 1").get();
  for (const table of ESSENTIAL_TABLES) {
    const problem = problemIn(database, `quick_check(${table})`);
    if (problem !== null) return problem;
  }
  return null;
}

function problemIn(database: Database, check: string): string | null {
  const found = database.pragma(check, { simple: true });
  return found === "ok" ? null : String(found);
}

/** A time as the names of damaged files have it. */
function stampOf(timeUs: number): string {
  return new Date(timeUs / 1_000).toISOString().replaceAll(/[-:.]/g, "");
}

function freeName(file: string, nowUs: number): string {
  let name = `${file}.damaged-${stampOf(nowUs)}`;
  while (existsSync(name)) name += "+";
  return name;
}

/** A write-ahead log of which SQLite reads only the beginning, because something behind it is damaged. */
export interface DamagedLog {
  /** Transactions from there on. SQLite skips them without an error. */
  commits: number;
  /** A copy of the log as it was found; `null` when there was no space for one. */
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
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= LOG_HEADER_BYTES) return null;
  const commits = countLostCommits(log);
  return commits === 0 ? null : { commits, keptAs: copyOf(log, nowUs) };
}

function copyOf(log: string, nowUs: number): string | null {
  const copy = `${log}.damaged-${stampOf(nowUs)}`;
  try {
    copyFileSync(log, copy);
  } catch {
    // Space for new messages is worth more than the copy.
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
const LOG_HEADER_BYTES = 32;
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
    const header = Buffer.alloc(LOG_HEADER_BYTES);
    readSync(descriptor, header, 0, LOG_HEADER_BYTES, 0);
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
  const frames = Math.floor((fstatSync(descriptor).size - LOG_HEADER_BYTES) / frameBytes);
  const bytes = Buffer.alloc(frameBytes * READ_FRAMES);
  for (let first = 0; first < frames; first += READ_FRAMES) {
    const count = Math.min(READ_FRAMES, frames - first);
    readSync(descriptor, bytes, 0, count * frameBytes, LOG_HEADER_BYTES + first * frameBytes);
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
