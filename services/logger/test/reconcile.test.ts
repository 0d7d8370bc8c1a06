import { describe, expect, test } from "@jest/globals";
import type { Announcement, AnnouncementEntry } from "@weir/messages";
import type { Account, LedgerLine } from "@weir/store";
import { reconcile } from "../src/audit/reconcile.ts";

const key = { publisher: "kitchen", epoch: "e1", topic: "DATA" };
const counts = { received: 7, duplicates: 1, filtered: 0, lastReceivedUs: 5 };

const line = (account: Account): LedgerLine => ({ ...key, ...counts, account });

const stream = (ledger: readonly LedgerLine[], takes = (topic: string) => topic === key.topic) => ({
  stream: "data",
  ledger,
  takes,
});

function announced(entry: Partial<AnnouncementEntry>): Map<string, Announcement> {
  const { epoch, topic } = key;
  const full = { epoch, topic, accepted: 10, oldestUnsent: 11, abandoned: [], ...entry };
  return new Map([["kitchen", { at: 1, entries: [full] }]]);
}

const missing = (announcements: Map<string, Announcement>, account: Account) =>
  reconcile(announcements, [stream([line(account)])])[0]?.missing;

describe("an audit", () => {
  test("misses nothing when all that left the outbox is stored", () => {
    expect(missing(announced({}), { through: 10, ranges: [] })).toEqual([]);
  });

  test("misses what left the outbox and is not stored", () => {
    const account = { through: 3, ranges: [[6, 8]] as const };
    expect(missing(announced({}), account)).toEqual([
      [4, 5],
      [9, 10],
    ]);
  });

  test("does not miss what still waits", () => {
    const account = { through: 3, ranges: [] };
    const lines = reconcile(announced({ oldestUnsent: 4 }), [stream([line(account)])]);
    expect(lines[0]).toMatchObject({ missing: [], waiting: 7 });
  });

  test("counts what was given up apart from what is missing", () => {
    const account = { through: 3, ranges: [[8, 10]] as const };
    const lines = reconcile(announced({ abandoned: [[5, 6]] }), [stream([line(account)])]);
    expect(lines[0]).toMatchObject({
      abandoned: 2,
      missing: [
        [4, 4],
        [7, 7],
      ],
    });
  });

  test("misses all of an outbox of which nothing has come", () => {
    expect(reconcile(announced({}), [stream([])])[0]).toMatchObject({
      received: 0,
      lastReceivedUs: null,
      missing: [[1, 10]],
    });
  });

  test("shows an outbox that has announced nothing, and accuses it of nothing", () => {
    expect(
      reconcile(new Map(), [stream([line({ through: 1, ranges: [[5, 5]] })])])[0],
    ).toMatchObject({
      accepted: null,
      missing: [],
    });
  });

  test("asks every stream that takes the topic, and no other", () => {
    const full = line({ through: 10, ranges: [] });
    const lines = reconcile(announced({}), [
      stream([full]),
      { ...stream([]), stream: "copy" },
      { ...stream([], () => false), stream: "other" },
    ]);
    expect(lines.map((one) => [one.stream, one.missing])).toEqual([
      ["data", []],
      ["copy", [[1, 10]]],
    ]);
  });

  test("shows what no stream takes", () => {
    const lines = reconcile(announced({ oldestUnsent: 1 }), [stream([], () => false)]);
    expect(lines).toMatchObject([{ stream: null, waiting: 10, missing: [] }]);
  });
});
