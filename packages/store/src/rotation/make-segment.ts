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
import { fsyncFolderOf, makeFolderAt } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { carryOpenPackets } from "../segment/qos2-redelivery.ts";
import { migrate, type SegmentFacts } from "../segment/schema.ts";
import { removeWithJournals, withDatabase } from "../segment/segment-file.ts";
import { readNextId } from "../segment/segment-writer.ts";
import { MAKING } from "./segment-name.ts";

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
    if (predecessor !== null) carryOver(database, predecessor);
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

function fsyncFile(file: string): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The last row of a segment. */
export interface Seal {
  /** In microseconds since the epoch. */
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

/** Reads the seal of a file. */
export function readSealOf(file: string): Seal | null {
  return withDatabase(file, { readonly: true }, readSeal);
}

/**
 * Writes the seal that a kill has left out: every segment but the live one is sealed, and names the one
 * after it. A segment whose seal is right is not written.
 */
export function completeSeal(file: string, { sealedUs, successor }: Seal): void {
  withDatabase(file, {}, (database) => {
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
