import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fsyncFolderOf, lockFile } from "@weir/runtime";
import { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import { archiveOf } from "../archive/archive-name.ts";
import { ArchiveWriter } from "../archive/archive-writer.ts";
import { ArchivedRows, rowsInArchive } from "../deletion/archived-rows.ts";
import type { DeletedRows } from "../deletion/deletion-list.ts";
import { checkArchive } from "./archive-segment.ts";
import { MAKING } from "./make-segment.ts";

/** What deletions want of an archive. */
export interface ArchiveDeletions {
  /** Their rows are hidden, and can be brought back. */
  hidden: readonly DeletedRows[];
  /** Their rows are gone. */
  removed: readonly DeletedRows[];
}

/** Where an archive is kept as it was, while rows of it are hidden. */
export function hiddenArchiveOf(file: string): string {
  return `${archiveOf(file)}.hidden`;
}

/** How many rows the archive of a segment has, without those that are hidden; 0 where it is gone. */
export function archivedRowsOf(file: string): number {
  const archive = archiveOf(file);
  return existsSync(archive) ? rowsInArchive(archive) : 0;
}

/**
 * Brings the archive of a segment in line with the deletions: it is written again without their rows, and kept as it was
 * under another name while some of them can be brought back. After a kill at any moment it can begin again.
 *
 * @param file the segment's database, which is no more.
 * @throws Fault when another process is doing the same, UnreadableArchive when the archive is damaged.
 */
export function settleArchive(file: string, { hidden, removed }: ArchiveDeletions): void {
  const archive = archiveOf(file);
  // One that a killed logger has left goes on for a while, with what that wanted.
  using _lock = lockFile(join(dirname(dirname(file)), "archives"), {
    message: "another process is writing archives of this stream",
    remedy: "Wait until it has ended.",
  });
  const segment = basename(file);
  const kept = hiddenArchiveOf(file);
  const isKept = existsSync(kept);
  const source = isKept ? kept : archive;
  const hiddenRows = new ArchivedRows(segment, hidden);
  const removedRows = new ArchivedRows(segment, removed);
  const { hasHidden, hasRemoved } = look(source, hiddenRows, removedRows);

  if (!hasHidden && !hasRemoved) {
    if (isKept) replace(kept, archive);
    return;
  }
  writeWithout(source, archive + MAKING, new ArchivedRows(segment, [...hidden, ...removed]));
  if (hasHidden && !isKept) {
    linkSync(archive, kept);
    fsyncFolderOf(archive);
  }
  replace(archive + MAKING, archive);
  if (!hasHidden) rmSync(kept, { force: true });
  else if (hasRemoved) {
    writeWithout(source, archive + MAKING, removedRows);
    replace(archive + MAKING, kept);
  }
  // Retention may have removed the segment meanwhile, and this must not bring it back.
  if (hasHidden && !existsSync(kept)) rmSync(archive, { force: true });
  fsyncFolderOf(archive);
}

function look(
  file: string,
  hidden: ArchivedRows,
  removed: ArchivedRows,
): { hasHidden: boolean; hasRemoved: boolean } {
  using archive = new ArchiveFile(file);
  return { hasHidden: hidden.areIn(archive), hasRemoved: removed.areIn(archive) };
}

function replace(file: string, by: string): void {
  renameSync(file, by);
  fsyncFolderOf(by);
}

function writeWithout(source: string, target: string, rows: ArchivedRows): void {
  using archive = new ArchiveFile(source);
  const facts = { ...archive.facts, generation: archive.facts.generation + 1 };
  const words = new Map<number, { kind: string; reason: string }>();
  const written = writeGroups();
  try {
    checkArchive(target, { facts, ...written });
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }

  function writeGroups(): ReturnType<ArchiveWriter["finish"]> {
    using writer = new ArchiveWriter(target, { facts, words });
    for (const [index, layout] of archive.groups.entries()) {
      const group = new ArchiveGroup(archive, index);
      const left = new Set(rows.mayBeIn(layout) ? rows.placesIn(group) : []);
      learnWords(archive, index, group.outcomes);
      for (let place = 0; place < group.ids.length; place += 1) {
        if (!left.has(place)) writer.add(rawRowOf(group, place));
      }
    }
    return writer.finish();
  }

  function learnWords(from: ArchiveFile, group: number, outcomes: ArrayLike<number>): void {
    const [kinds, reasons] = [from.column(group, "kind"), from.column(group, "reason")];
    for (let place = 0; place < outcomes.length; place += 1) {
      const code = outcomes[place] as number;
      const [kind, reason] = [kinds[place], reasons[place]];
      // Texts, or null where the code had no words.
      if (!words.has(code) && kind != null) {
        words.set(code, { kind: kind as string, reason: reason as string });
      }
    }
  }
}

type RawRow = Parameters<ArchiveWriter["add"]>[0];

function rawRowOf(group: ArchiveGroup, place: number): RawRow {
  const payload = group.payloads[place] as Uint8Array;
  return [
    group.ids[place] as number,
    group.receivedUs[place] as number,
    group.topics[place] as string,
    Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    group.qos[place] as number,
    group.retained[place] === true ? 1 : 0,
    group.outcomes[place] as number,
    group.values[place] ?? null,
    group.observedUs[place] ?? null,
  ];
}
