import { lockFile, makePlaceOf, orOpeningFault } from "@weir/sqlite";
import Sqlite, { type Database } from "better-sqlite3";
import type { Journal } from "./journal.ts";
import { damaged, orJournalFault } from "./journal-faults.ts";
import { JOURNAL_LIMITS, type JournalLimits } from "./journal-limits.ts";
import { migrate } from "./journal-schema.ts";
import { prepareJournal } from "./prepare-journal.ts";

/** The journals of some devices, in one file that one process has open. */
export interface Journals extends Disposable {
  of(device: string): Journal;
}

/**
 * Opens the file, or makes it.
 *
 * @throws Fault when another process has it open, it cannot be written, or it is damaged.
 */
export function openJournals(options: { file: string; limits?: Partial<JournalLimits> }): Journals {
  const { file } = options;
  const limits = { ...JOURNAL_LIMITS, ...options.limits };
  using opening = new DisposableStack();
  makePlaceOf(file, SETTING);
  opening.use(
    orOpeningFault(file, SETTING, () =>
      lockFile(file, {
        message: `another process has the journal ${file} open`,
        remedy: "Stop it, or give each device agent a folder of its own (DEVICE_FOLDER).",
      }),
    ),
  );
  const database = opening.adopt(
    orOpeningFault(file, SETTING, () => new Sqlite(file)),
    (opened) => opened.close(),
  );
  orJournalFault(file, () => prepareFile(database, file));
  const journalOf = orJournalFault(file, () => prepareJournal(database, { file, limits }));
  const opened = opening.move();
  return { of: journalOf, [Symbol.dispose]: () => opened.dispose() };
}

const SETTING = "DEVICE_FOLDER";

function prepareFile(database: Database, file: string): void {
  const found = database.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw damaged(file, String(found));
  migrate(database, file);
  // Behind all checks: a file of somebody else keeps its mode.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
}
