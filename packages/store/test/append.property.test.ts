import { describe, expect, test } from "@jest/globals";
import { type NewRow, openReader } from "@weir/store";
import { readingAt, START_US, temporaryFolder } from "@weir/testkit";
import type { Database } from "better-sqlite3";
import fc from "fast-check";
import { LEDGER_LIMITS, type LedgerLimits } from "../src/ledger/account.ts";
import { openSegment } from "../src/segment/segment-file.ts";
import { createSegmentWriter } from "../src/segment/segment-writer.ts";
import { createReferenceStore, type ReferenceRow } from "./reference-store.ts";

const tight = { ...LEDGER_LIMITS, rangesMax: 3, jumpMax: 20 };

/** Messages of one sender, one behind the other, alike or not. */
const train = fc.record({
  publisher: fc.constantFrom(null, "a", "b", "c", "d"),
  epoch: fc.constantFrom("e1", "e2"),
  topics: fc.constantFrom(["DATA"], ["DATA", "devices/Ω/state"]),
  from: fc.integer({ min: 1, max: 60 }),
  step: fc.constantFrom(1, 1, 1, 2),
  length: fc.integer({ min: 1, max: 150 }),
  isReading: fc.boolean(),
  isMixed: fc.boolean(),
  isFiltered: fc.constantFrom(false, false, false, true),
});

type Train = typeof train extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ trains: fc.array(train, { maxLength: 4 }), fails: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constantFrom("retention" as const, "restart" as const) },
);

function rowsOf(one: Train, nowUs: number): NewRow[] {
  return Array.from({ length: one.length }, (_, index) => ({
    receivedUs: nowUs + (one.isMixed ? index : 0),
    topic: one.topics[index % one.topics.length] as string,
    payload: Buffer.from(`${nowUs}/${index}`),
    qos: one.isMixed ? index % 3 : 1,
    retained: one.isMixed && index % 2 === 1,
    outcome: one.isReading ? 0 : 13,
    value: one.isReading ? index / 8 : null,
    observedUs: one.isReading ? nowUs - index : null,
    sequence:
      one.publisher === null
        ? null
        : { publisher: one.publisher, epoch: one.epoch, seq: one.from + index * one.step },
    isFiltered: one.isFiltered && index % 2 === 0,
  }));
}

function open(file: string, limits: LedgerLimits) {
  const database = openSegment({ file, stream: "data", synchronous: "NORMAL", nowUs: START_US });
  return { database, writer: createSegmentWriter(database, file, { ledgerLimits: limits }) };
}

function storedRows(database: Database): ReferenceRow[] {
  const rows = database
    .prepare<[], Omit<ReferenceRow, "retained"> & { retained: number }>(
      `SELECT rows.id, received_us AS receivedUs, topic, payload, qos, retained, outcome, value,
              observed_us AS observedUs
       FROM rows JOIN topics ON topics.id = topic_id ORDER BY rows.id`,
    )
    .all();
  return rows.map((row) => ({ ...row, retained: row.retained === 1 }));
}

describe("appending", () => {
  test("does what a store without any shortcut does, whatever comes, fails or is removed", () => {
    using folder = temporaryFolder();
    let files = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const file = folder.file(`${files++}.db`);
        let { database, writer } = open(file, tight);
        const reference = createReferenceStore(tight);
        let nowUs = START_US;
        for (const one of steps) {
          nowUs += 1_000;
          if (one === "restart") {
            database.close();
            ({ database, writer } = open(file, tight));
          } else if (one === "retention") {
            database.prepare("UPDATE segment SET next_id = ?").run(writer.nextId());
            database.exec("DELETE FROM rows");
            reference.removeRows();
          } else {
            const rows = one.trains.flatMap((each, index) => rowsOf(each, nowUs + index));
            if (one.fails) {
              const impossible = { ...readingAt(nowUs), receivedUs: 0.5 };
              expect(() => writer.append([...rows, impossible])).toThrow("cannot be written");
            }
            expect(writer.append(rows).filed).toEqual(reference.append(rows));
          }
        }
        expect(storedRows(database)).toEqual(reference.rows());
        database.close();
        using reader = openReader(file);
        const ledger = reader?.ledger;
        const lines = ledger?.publishers().flatMap((publisher) => ledger.lines(publisher));
        expect(new Set(lines)).toEqual(new Set(reference.ledger()));
        expect(ledger?.unsequenced()).toBe(reference.unsequenced());
      }),
      { numRuns: 60 },
    );
  });
});
