import { existsSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { fsyncFolderOf } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import { archiveOf } from "../archive/archive-name.ts";
import { ARCHIVE_FORMAT, type ArchiveFacts } from "../archive/archive-schema.ts";
import { ArchiveWriter, type OutcomeWords } from "../archive/archive-writer.ts";
import { RowDigest } from "../archive/row-columns.ts";
import { hasHiddenRows } from "../deletion/hidden-rows.ts";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { removeWithJournals, withDatabase } from "../segment/segment-file.ts";
import { isFinished, MAKING, readSeal } from "./make-segment.ts";

/** What archiving has just done. After a kill behind any of them, one whole truth is left. */
export const ARCHIVE_STEPS = [
  "begun",
  "written",
  "checked",
  "renamed",
  "durable",
  "removed",
] as const;

export type ArchiveStep = (typeof ARCHIVE_STEPS)[number];

/** A segment from which not every row can be read: it stays as it is. */
export class DamagedSegment extends Error {}

/**
 * Replaces a finished segment by a Parquet file with the same rows. The file is complete, read back and compared, and
 * durable before the database goes. After a kill at any moment it can begin again.
 *
 * @param file the segment's database.
 * @throws DamagedSegment, or what SQLite throws, when the segment is damaged; it is then unchanged.
 */
export function archiveSegment(file: string, onStep: (step: ArchiveStep) => void = () => {}): void {
  if (!isFinished(statSync(file))) throw new Error("it is not finished: it may still be written");
  checkSpace(file);
  const archive = archiveOf(file);
  const temporary = archive + MAKING;
  withDatabase(file, { readonly: true }, (database) => {
    // One read transaction to the end: no other process changes what is being replaced.
    const replace = database.transaction(() => {
      if (hasHiddenRows(database)) throw new Error("a deletion hides rows of it");
      const facts = readFacts(database);
      const written = write(database, { temporary, facts, onStep });
      onStep("written");
      try {
        checkArchive(temporary, { facts, ...written });
        onStep("checked");
        renameSync(temporary, archive);
      } finally {
        rmSync(temporary, { force: true });
      }
      onStep("renamed");
      fsyncFolderOf(archive);
      onStep("durable");
      // Retention may have removed the segment meanwhile, and its archive must not bring it back.
      if (!existsSync(file)) rmSync(archive, { force: true });
    });
    replace.deferred();
  });
  removeWithJournals(file);
  fsyncFolderOf(file);
  onStep("removed");
}

/** For a while both files are there. What is left of the disk belongs to new messages. */
function checkSpace(file: string): void {
  const { bavail, bsize } = statfsSync(file);
  const { size } = statSync(file);
  if (bavail * bsize > size) return;
  throw new Error(`there is too little free space: archiving may need ${size} bytes for a while`);
}

function readFacts(database: Database): ArchiveFacts {
  const seal = readSeal(database);
  if (seal === null) throw new Error("it has no successor: it may still be written");
  const segment = database
    .prepare<[], Pick<ArchiveFacts, "stream" | "createdUs" | "generation" | "nextId">>(
      `SELECT stream, created_us AS createdUs, generation, next_id AS nextId FROM segment`,
    )
    .get();
  if (segment === undefined) throw new DamagedSegment("it has no facts about itself");
  return { format: ARCHIVE_FORMAT, ...segment, ...seal };
}

const ROWS = `
SELECT rows.id, received_us, topics.topic, payload, qos, retained, outcome, value, observed_us
FROM rows CROSS JOIN topics ON topics.id = topic_id ORDER BY rows.id`;

function write(
  database: Database,
  options: { temporary: string; facts: ArchiveFacts; onStep: (step: ArchiveStep) => void },
) {
  const { temporary, facts, onStep } = options;
  const rows = database.prepare("SELECT coalesce(max(id) - min(id), 0) FROM rows").pluck().get();
  using writer = new ArchiveWriter(temporary, {
    facts,
    words: readWords(database),
    rows: rows as number,
  });
  onStep("begun");
  for (const row of database.prepare<[], RawRow>(ROWS).raw().iterate()) writer.add(row);
  const written = writer.finish();
  const count = database.prepare("SELECT count(*) FROM rows").pluck().get();
  if (count !== written.rows) {
    rmSync(temporary);
    throw new DamagedSegment(`of ${count} rows only ${written.rows} can be read`);
  }
  return written;
}

function readWords(database: Database): OutcomeWords {
  const rows = database
    .prepare<[], { code: number; kind: string; reason: string }>("SELECT * FROM outcomes")
    .all();
  return new Map(rows.map(({ code, ...words }) => [code, words]));
}

/** Reads an archive back. @throws when it does not hold what was to be written. */
export function checkArchive(
  file: string,
  expected: ReturnType<RowDigest["result"]> & { facts: ArchiveFacts },
): void {
  using archive = new ArchiveFile(file);
  const digest = new RowDigest();
  for (const group of archive.groups.keys()) digest.add(new ArchiveGroup(archive, group));
  const found = { facts: archive.facts, ...digest.result() };
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error("what was written is not what is read back: the disk or the memory is damaged");
}
