import { describe, expect, test } from "@jest/globals";
import type { ReceiptEntry } from "@weir/protocol";
import fc from "fast-check";
import { combineEntries } from "../src/receipts.ts";

const EPOCH = "e";

function entry(through: number, ranges: [number, number][] = [], topic = "DATA"): ReceiptEntry {
  return { epoch: EPOCH, topic, through, ranges };
}

const always = () => true;

describe("the receipt over several streams", () => {
  test("is the ledger's own where one stream takes the topic", () => {
    const entries = [entry(3, [[5, 6]])];
    const other = { entries: [], takes: () => false };
    expect(combineEntries([{ entries, takes: always }, other])).toEqual(entries);
  });

  test("holds what every stream has that takes the topic", () => {
    const a = { entries: [entry(5, [[8, 9]])], takes: always };
    const b = { entries: [entry(3, [[5, 8]])], takes: always };
    const common = entry(3, [
      [5, 5],
      [8, 8],
    ]);
    expect(combineEntries([a, b])).toEqual([common]);
  });

  test("is held back by a stream that has nothing of it yet", () => {
    const a = { entries: [entry(5)], takes: always };
    expect(combineEntries([a, { entries: [], takes: always }])).toEqual([]);
  });

  test("says nothing of a topic that no stream takes any more", () => {
    expect(combineEntries([{ entries: [entry(5)], takes: () => false }])).toEqual([]);
  });

  test("has a number exactly if every stream has it", () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(numbers, numbers, (first, second) => {
        const ledgers = [first, second].map((have) => ({
          entries: [entryOf(have)],
          takes: always,
        }));
        const combined = combineEntries(ledgers).flatMap(numbersOf);
        expect(combined).toEqual(
          first.filter((number) => second.includes(number)).toSorted((a, b) => a - b),
        );
      }),
    );
  });
});

function entryOf(numbers: readonly number[]): ReceiptEntry {
  const have = new Set(numbers);
  let through = 0;
  while (have.has(through + 1)) through += 1;
  const beyond = numbers.filter((number) => number > through).toSorted((a, b) => a - b);
  return entry(
    through,
    beyond.map((number) => [number, number]),
  );
}

function numbersOf({ through, ranges }: ReceiptEntry): number[] {
  const spans = [[1, through], ...ranges] as [number, number][];
  return spans.flatMap(([from, to]) =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index),
  );
}
