import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { fsyncFolderOf, LOCK_MS_MAX, makeFolderAt } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { ArchiveFile } from "../archive/archive-file.ts";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import { UnreadableArchive } from "../archive/archive-schema.ts";
import { carryOpenPackets } from "../segment/qos2-redelivery.ts";
import { migrate, type SegmentFacts } from "../segment/schema.ts";
import { removeWithJournals, withDatabase } from "../segment/segment-file.ts";
import { readNextId } from "../segment/segment-writer.ts";

/** What a rotation has just done. The next start repairs a kill after any of them. */
export const ROTATION_STEPS = [
  "folder made",
  "written",
  "synced",
  "renamed",
  "durable",
  "opened",
  "sealed",
] as const;

export type RotationStep = (typeof ROTATION_STEPS)[number];

/**
 * Makes a segment that is complete from the moment it has its name, and durable when this returns. A
 * kill before leaves a file with a temporary name; when it throws, `unmakeSegment` clears up.
 *
 * @param options.file where it is to be; nothing is there yet.
 * @param options.predecessor the segment whose ledger and ids it continues, `null` for the first of a stream.
 */
export function makeSegment(options: {
  file: string;
  facts: SegmentFacts;
  predecessor: string | null;
  onStep: (step: RotationStep) => void;
}): void {
  const { file, facts, predecessor, onStep } = options;
  makeFolder(dirname(file), `streams.${facts.stream}.folder`);
  onStep("folder made");
  const temporary = file + MAKING;
  write(temporary, facts, predecessor);
  onStep("written");
  fsyncFile(temporary);
  onStep("synced");
  renameSync(temporary, file);
  onStep("renamed");
  fsyncFolderOf(file);
  onStep("durable");
}

/** Makes a folder, with those above it, that survives a power cut. */
export function makeFolder(folder: string, setting: string): void {
  const first = makeFolderAt(folder, setting);
  if (first === undefined) return;
  for (let path = folder; path.length >= first.length; path = dirname(path)) fsyncFolderOf(path);
}

/**
 * Removes what `makeSegment` has made, all of it or half of it, for good.
 *
 * @throws when it is complete and cannot be removed.
 */
export function unmakeSegment(file: string): void {
  try {
    removeWithJournals(file + MAKING);
  } catch {
    // The next start removes it.
  }
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) {
    removeWithJournals(file);
    // A power cut must not bring it back: its ledger would be behind.
    fsyncFolderOf(file);
  }
  try {
    rmdirSync(dirname(file));
  } catch {
    // Other segments are in it.
  }
}

function write(temporary: string, facts: SegmentFacts, predecessor: string | null): void {
  const database = new Sqlite(temporary);
  try {
    // It has no use until it is complete. Then it is synced once, as a whole.
    database.pragma("synchronous = OFF");
    database.pragma("journal_mode = MEMORY");
    database.pragma("auto_vacuum = INCREMENTAL");
    migrate(database, facts);
    if (predecessor !== null && isArchived(predecessor)) goOnBehind(database, predecessor);
    else if (predecessor !== null) carryOver(database, predecessor);
    // In the header already, so that opening it for good writes nothing.
    database.pragma("journal_mode = WAL");
  } finally {
    database.close();
  }
}

/**
 * Copies what outlives a segment: the ledger with its totals, the topics that it names under their
 * numbers, the open packet ids, and the next id. The other topics come back when they are needed.
 */
function carryOver(database: Database, predecessor: string): void {
  database.prepare("ATTACH ? AS predecessor").run(predecessor);
  // Deferred, so that the predecessor is only read: its writer is not in the way.
  const copy = database.transaction(() => {
    database.exec(`
      INSERT INTO topics (id, topic) SELECT id, topic FROM predecessor.topics
        WHERE id IN (SELECT topic_id FROM predecessor.ledger);
      INSERT INTO ledger SELECT * FROM predecessor.ledger;
      INSERT INTO ledger_totals SELECT * FROM predecessor.ledger_totals;`);
    carryOpenPackets(database);
    database.prepare("UPDATE segment SET next_id = ?").run(readNextId(database, "predecessor"));
  });
  copy.deferred();
  database.exec("DETACH predecessor");
}

/** Continues the ids of a segment of which only an archive is left, which has no ledger. */
function goOnBehind(database: Database, predecessor: string): void {
  try {
    using archive = new ArchiveFile(archiveOf(predecessor));
    database.prepare("UPDATE segment SET next_id = ?").run(archive.givenId + 1);
  } catch (error) {
    // Without a whole segment before it the stream starts over.
    if (!(error instanceof UnreadableArchive)) throw error;
  }
}

function fsyncFile(file: string): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The last row of a segment. */
interface Seal {
  sealedUs: number;
  /** The name of the segment that continues this one. */
  successor: string;
}

/** Writes the last transaction of an open segment. */
export function sealSegment(database: Database, { sealedUs, successor }: Seal): void {
  database
    .prepare("INSERT OR REPLACE INTO sealed (singleton, sealed_us, successor) VALUES (1, ?, ?)")
    .run(sealedUs, successor);
}

/** @returns `null` while the segment has no successor. */
export function readSeal(database: Database): Seal | null {
  const select = database.prepare<[], Seal>("SELECT sealed_us AS sealedUs, successor FROM sealed");
  return select.get() ?? null;
}

/** Reads the seal of a file. @param lockMs how long to wait for a lock. */
export function readSealOf(file: string, lockMs: number = LOCK_MS_MAX): Seal | null {
  return withDatabase(file, { readonly: true, timeout: lockMs }, readSeal);
}

/**
 * Writes the seal that a kill has left out: every segment but the live one is sealed, and names the one
 * after it. A segment whose seal is right is not written.
 *
 * @param lockMs how long to wait for a lock.
 */
export function completeSeal(file: string, { sealedUs, successor }: Seal, lockMs: number): void {
  withDatabase(file, { timeout: lockMs }, (database) => {
    const found = readSeal(database);
    if (found?.successor === successor) return;
    database.pragma("synchronous = FULL");
    sealSegment(database, { sealedUs: found?.sealedUs ?? sealedUs, successor });
  });
}

const WRITABLE_BY_ANYONE = 0o222;

/** Whether a closed segment has been finished: its last step takes the right to write it. */
export function isFinished({ mode }: Pick<Stats, "mode">): boolean {
  return (mode & WRITABLE_BY_ANYONE) === 0;
}

/** The name of a segment in its stream's folder. */
export interface SegmentName {
  /** Relative to the folder, with a slash: `2026-11-21/data-20261121T000000.000000Z.db`. */
  name: string;
  namedUs: number;
}

const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{6})Z\.db/;

// Microseconds are exact numbers up to the middle of that year.
const END_US = Date.UTC(2255, 0, 1) * 1_000;

/** A folder of segments, one for each day. */
export const DAY_FOLDER: RegExp = /^\d{4}-\d\d-\d\d$/;

/** Ends the name of a segment or an archive that is not complete yet. */
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
