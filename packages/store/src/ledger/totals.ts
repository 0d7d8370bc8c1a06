import type { Database } from "better-sqlite3";
import { missingCount } from "./account.ts";
import { accountOf, type EntryRow } from "./table.ts";

/** Messages without a sequence stand under a name that no publisher can have. */
const UNSEQUENCED = "";

/** And so do the publishers for whom there is no room among the totals. */
const OTHERS = "*";

/** The table `ledger_totals`: what remains of what the ledger does not keep account of. */
export interface LedgerTotals {
  /** Counts messages without a sequence. */
  addUnsequenced(messages: { received: number; filtered: number }): void;
  /** Counts entries that are forgotten, each as an epoch of its publisher. */
  addForgotten(entries: readonly EntryRow[]): void;
  /** Counts entries of publishers that may be mere inventions: they get no totals of their own. */
  addDisplaced(entries: readonly EntryRow[]): void;
  /** Forgets what it remembers, because a transaction was rolled back. */
  forget(): void;
}

interface Sum {
  publisher: string;
  epochs: number;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  missing: number;
}

/** @param publishersMax publishers that have totals of their own; the later ones share theirs. */
export function prepareTotals(database: Database, publishersMax: number): LedgerTotals {
  const add = database.prepare<[Sum]>(
    `INSERT INTO ledger_totals (publisher, epochs, received, duplicates, filtered, abandoned, missing)
     VALUES (@publisher, @epochs, @received, @duplicates, @filtered, @abandoned, @missing)
     ON CONFLICT (publisher) DO UPDATE SET
       epochs = epochs + excluded.epochs, received = received + excluded.received,
       duplicates = duplicates + excluded.duplicates, filtered = filtered + excluded.filtered,
       abandoned = abandoned + excluded.abandoned, missing = missing + excluded.missing`,
  );
  const isThere = database
    .prepare<[string], number>("SELECT EXISTS (SELECT 1 FROM ledger_totals WHERE publisher = ?)")
    .pluck();
  const count = database
    .prepare<[string, string], number>(
      "SELECT count(*) FROM ledger_totals WHERE publisher NOT IN (?, ?)",
    )
    .pluck();
  // How many have totals of their own; counted when it is first needed.
  let owners: number | null = null;

  function nameFor(publisher: string): string {
    if (isThere.get(publisher) === 1) return publisher;
    owners ??= count.get(UNSEQUENCED, OTHERS) as number;
    if (owners >= publishersMax) return OTHERS;
    owners += 1;
    return publisher;
  }

  return {
    addUnsequenced: (messages) => {
      add.run({ ...NOTHING, publisher: UNSEQUENCED, ...messages });
    },
    addForgotten: (entries) => {
      const sums = new Map<string, Sum>();
      for (const row of entries) {
        const sum = sums.get(row.publisher) ?? { ...NOTHING, publisher: row.publisher };
        sums.set(row.publisher, sum);
        addTo(sum, row);
      }
      for (const sum of sums.values()) add.run({ ...sum, publisher: nameFor(sum.publisher) });
    },
    addDisplaced: (entries) => {
      if (entries.length === 0) return;
      const sum = { ...NOTHING, publisher: OTHERS };
      for (const row of entries) addTo(sum, row);
      add.run(sum);
    },
    forget: () => {
      owners = null;
    },
  };
}

function addTo(sum: Sum, row: EntryRow): void {
  sum.epochs += 1;
  sum.received += row.received;
  sum.duplicates += row.duplicates;
  sum.filtered += row.filtered;
  sum.abandoned += row.abandoned;
  sum.missing += missingCount(accountOf(row));
}

const NOTHING = { epochs: 0, received: 0, duplicates: 0, filtered: 0, abandoned: 0, missing: 0 };
