import { type NewRow, openSegmentedStore, type SegmentedStore } from "@weir/store";
import { rowOf, START_US } from "@weir/testkit";
import Sqlite from "better-sqlite3";

export const DAY_US = 86_400_000_000;

/** A reading from an outbox. */
export function outboxReading(seq: number, { publisher = "kitchen", epoch = "e1" } = {}): NewRow {
  return rowOf(JSON.stringify({ number: seq, epochtime: START_US / 1e6, publisher, epoch, seq }));
}

/** A stream in a folder of segments. */
export function openData(folder: string, nowUs = START_US): SegmentedStore {
  return openSegmentedStore({ folder, stream: "data", synchronous: "NORMAL", nowUs });
}

/** The rows that a statement selects from a file. */
export function query(file: string, sql: string): unknown[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
