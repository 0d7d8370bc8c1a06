import { existsSync, linkSync, renameSync, statSync } from "node:fs";
import { decodeReading } from "@weir/protocol";
import { fsyncFolderOf } from "@weir/runtime";
import Sqlite from "better-sqlite3";
import { type NewRow, prepareInsert } from "./segment/rows-and-topics.ts";
import { openSegment, removeWithJournals, type SegmentOptions } from "./segment/segment-file.ts";

/** What was imported from a file of the old system. */
export interface LegacyImport {
  rows: number;
  /** Where the original is now. */
  original: string;
}

export interface LegacyImportOptions extends SegmentOptions {
  /** The topic that the rows get: the old table has none. */
  legacyTopic: string;
  /** How far in the future a reading may lie before its time counts as wrong. */
  skewUs: number;
}

type LegacyRow = Record<"number" | "epochtime", unknown>;

const ROWS_PER_TRANSACTION = 10_000;

/**
 * Turns a database of the old system into a store of the same name. The original stays beside it as
 * `<file>.original`. The store is complete under a temporary name before it takes the place: a kill
 * at any moment leaves the original at one of the two names, and the next start imports it again.
 */
export function importLegacyFile(options: LegacyImportOptions): LegacyImport {
  const { file } = options;
  const temporary = `${file}.importing`;
  removeWithJournals(temporary);
  // Brings what its own journal or log still holds into the file itself.
  const legacy = new Sqlite(file);
  legacy.pragma("journal_mode = DELETE");
  legacy.close();

  let rows: number;
  try {
    rows = copyRows(options, temporary);
  } catch (error) {
    // An incomplete copy would only take the space whose lack made it fail.
    removeWithJournals(temporary);
    throw error;
  }
  const original = freeName(file);
  if (!existsSync(original)) linkSync(file, original);
  renameSync(temporary, file);
  fsyncFolderOf(file);
  return { rows, original };
}

function copyRows(options: LegacyImportOptions, temporary: string): number {
  const legacy = new Sqlite(options.file, { readonly: true });
  const database = openSegment({ ...options, file: temporary });
  try {
    const addTopic = database.prepare<[string]>("INSERT INTO topics (topic) VALUES (?)");
    const topicId = Number(addTopic.run(options.legacyTopic).lastInsertRowid);
    const write = database.transaction(prepareInsert(database));
    let nextId = 1;
    let batch: NewRow[] = [];
    const flush = (): void => {
      write.immediate({ rows: batch, topicIds: batch.map(() => topicId) }, nextId);
      nextId += batch.length;
      batch = [];
    };
    const select = legacy.prepare<[], LegacyRow>(
      "SELECT number, epochtime FROM messages ORDER BY rowid",
    );
    for (const row of select.iterate()) {
      batch.push(convert(row, options));
      if (batch.length >= ROWS_PER_TRANSACTION) flush();
    }
    flush();
    // One file, whole on disk, before it is renamed.
    database.pragma("journal_mode = DELETE");
    return nextId - 1;
  } finally {
    database.close();
    legacy.close();
  }
}

/** The old table has no time of reception: the reading's own time replaces it, unless it lies in the future. */
function convert(row: LegacyRow, { nowUs, skewUs, legacyTopic }: LegacyImportOptions): NewRow {
  const payload = Buffer.from(
    JSON.stringify({ number: row.number, epochtime: String(row.epochtime) }),
  );
  const decoded = decodeReading(payload, { receivedUs: nowUs, skewUs });
  return {
    receivedUs: Math.min(decoded.observedUs ?? nowUs, nowUs),
    topic: legacyTopic,
    payload,
    qos: 1,
    retained: false,
    outcome: decoded.outcome.code,
    value: decoded.value,
    observedUs: decoded.observedUs,
    sequence: null,
    isFiltered: false,
  };
}

/** `<file>.original`, numbered if another file has that name already. */
function freeName(file: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${file}.original` : `${file}.original-${number}`;
    if (!existsSync(name) || statSync(name).ino === statSync(file).ino) return name;
  }
}
