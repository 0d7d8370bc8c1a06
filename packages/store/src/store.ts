import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { ReceiptEntry } from "@weir/messages";
import { lockFile, orOpeningFault } from "@weir/sqlite";
import { prepareInsert } from "./append.ts";
import { type DamagedStore, isDamage, setAsideIfDamaged, suspectDamage } from "./damage.ts";
import { writeFault } from "./faults.ts";
import { type Filed, fileRows } from "./file-rows.ts";
import { identifyFile } from "./identify.ts";
import { createLedger } from "./ledger/ledger.ts";
import { importLegacyFile, type LegacyImport, type LegacyImportOptions } from "./legacy-import.ts";
import { type Pruned, type PruneLimits, preparePrune } from "./retention.ts";
import type { NewRow } from "./row.ts";
import { openSegment } from "./segment.ts";
import { createTopicDictionary } from "./topic-dictionary.ts";

/** What a store is opened with: its segment, and how to import a file of the old system. */
export type StoreOptions = LegacyImportOptions;

/** The writing side of a store. A store has one. */
export interface Store extends Disposable {
  /** What was taken over from a file of the old system on opening; `null` if nothing. */
  imported: LegacyImport | null;
  /** The store that was in its place and is damaged, kept under another name; `null` if none was. */
  damaged: DamagedStore | null;
  /**
   * Writes rows in one transaction: all of them are safe when it returns, none when it throws. Rows
   * that the ledger knows already are not written again.
   *
   * @throws Fault when the disk is full or fails.
   */
  append(rows: readonly NewRow[]): Appended;
  /** What is committed of a publisher's messages. */
  receiptOf(publisher: string): ReceiptEntry[];
  /** The publishers of the newest messages, at most `limit`. */
  recentPublishers(limit: number): string[];
  /** Removes what retention does not keep, at most `rowsMax` rows. */
  prune(limits: PruneLimits): Pruned;
  /** How much there is, in rows (exact only while nothing was removed by hand) and bytes. */
  size(): { rows: number; bytes: number };
}

/** What became of a batch. */
export interface Appended {
  /** The id of the newest row in the store. */
  lastId: number;
  /** For each row of the batch, in its order. */
  filed: readonly Filed[];
}

/**
 * Opens a store for writing: takes its lock, puts one that is damaged aside, imports a file of the old
 * system, brings the format up to date.
 *
 * @throws Fault when it is locked, cannot be written, or is something else.
 */
export function openStore(options: StoreOptions): Store {
  makeFolder(options.file);
  using opening = new DisposableStack();
  opening.use(orOpeningFault(options.file, "DB_FILE", () => lockStore(options.file)));
  const damaged = orOpeningFault(options.file, "DB_FILE", () =>
    setAsideIfDamaged(options.file, options.nowUs),
  );
  const imported = importIfLegacy(options);
  const database = opening.adopt(openSegment(options), (opened) => opened.close());

  const topics = createTopicDictionary(database);
  const ledger = createLedger(database);
  const insert = prepareInsert(database);
  const prune = preparePrune(database);
  const extent = database.prepare<[], { first: number | null; last: number | null }>(
    "SELECT min(id) AS first, max(id) AS last FROM rows",
  );
  let nextId = database
    .prepare<[], number>(
      "SELECT max(next_id, (SELECT coalesce(max(id), 0) + 1 FROM rows)) FROM segment",
    )
    .pluck()
    .get() as number;

  const write = database.transaction((rows: readonly NewRow[]) => {
    const { filed, toStore } = fileRows(rows, { topics, ledger });
    insert(toStore, nextId);
    return { filed, stored: toStore.length };
  });

  function noting<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      if (isDamage(error)) suspectDamage(options.file);
      throw error;
    }
  }

  // From here on the caller closes them.
  const opened = opening.move();
  return {
    imported,
    damaged,
    append: (rows) => {
      try {
        const { filed, stored } = noting(() => write.immediate(rows));
        nextId += stored;
        return { filed, lastId: nextId - 1 };
      } catch (cause) {
        topics.forget();
        ledger.forget();
        throw writeFault(options.file, cause);
      }
    },
    receiptOf: ledger.receiptOf,
    recentPublishers: ledger.recentPublishers,
    prune: (limits) => noting(() => prune(limits, nextId)),
    size: () => {
      const { first, last } = extent.get() ?? { first: null, last: null };
      const pages = database.pragma("page_count", { simple: true }) as number;
      const pageBytes = database.pragma("page_size", { simple: true }) as number;
      return {
        rows: first === null || last === null ? 0 : last - first + 1,
        bytes: pages * pageBytes,
      };
    },
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function lockStore(file: string): Disposable {
  return lockFile(file, {
    message: `another logger is writing ${file}`,
    remedy: "Stop it, or name another file in DB_FILE: a store has one writer.",
  });
}

function importIfLegacy(options: StoreOptions): LegacyImport | null {
  const kind = orOpeningFault(options.file, "DB_FILE", () => identifyFile(options.file));
  return kind === "legacy" ? importLegacyFile(options) : null;
}

function makeFolder(file: string): void {
  orOpeningFault(file, "DB_FILE", () => mkdirSync(dirname(file), { recursive: true }));
}
