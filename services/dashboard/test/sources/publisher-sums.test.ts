import { describe, expect, test } from "@jest/globals";
import type { AuditLine } from "@weir/audit";
import { PublisherSums } from "../../src/sources/publisher-sums.ts";

const LINE: AuditLine = {
  stream: "data",
  publisher: "kitchen",
  epoch: "e",
  topic: "DATA",
  accepted: 100,
  received: 90,
  duplicates: 0,
  filtered: 0,
  abandoned: 0,
  waiting: 10,
  missing: [],
  doubt: null,
  lastReceivedUs: 1_000_000,
};

function sumOf(...lines: Partial<AuditLine>[]) {
  const sums = new PublisherSums();
  for (const line of lines) sums.add({ ...LINE, ...line });
  return sums.worst();
}

describe("what became of what a publisher has accepted", () => {
  test("adds up over its topics", () => {
    expect(sumOf({}, { topic: "b", received: 100, waiting: 0 })).toMatchObject([
      { accepted: 200, stored: 190, waiting: 10, missing: 0 },
    ]);
  });

  test("leaves out what came while the ledger was read, which the outbox has not announced yet", () => {
    expect(sumOf({ received: 97 })).toMatchObject([{ accepted: 100, stored: 97, waiting: 3 }]);
    expect(sumOf({ received: 123 })).toMatchObject([{ accepted: 100, stored: 100, waiting: 0 }]);
  });

  test("does not count as waiting what is missing", () => {
    const missing = [[5, 8]] as const;
    expect(sumOf({ received: 96, waiting: 0, missing })).toMatchObject([
      { accepted: 100, stored: 96, waiting: 0, missing: 4 },
    ]);
  });

  test("lists the worst first", () => {
    const lines = [{ publisher: "a", waiting: 0 }, { publisher: "b" }];
    const found = sumOf(...lines, { publisher: "c", missing: [[1, 1]], received: 99, waiting: 0 });
    expect(found.map(({ publisher }) => publisher)).toEqual(["c", "b", "a"]);
  });
});
