import { describe, expect, test } from "@jest/globals";
import type { Announcement, AnnouncementEntry } from "@weir/protocol";
import type { Account, LedgerLine } from "@weir/store";
import { reconcile, type StreamAccounts, unjudged } from "../src/reconcile.ts";

const key = { publisher: "kitchen", epoch: "e1", topic: "DATA" };
const counts = { received: 7, duplicates: 1, filtered: 0, lastReceivedUs: 5 };

const line = (account: Account): LedgerLine => ({ ...key, ...counts, account });

const stream = (
  lines: readonly LedgerLine[],
  more: Partial<StreamAccounts> = {},
): StreamAccounts => ({
  stream: "data",
  lines,
  takes: (topic) => topic === key.topic,
  hasStore: true,
  forgotten: null,
  ...more,
});

function announced(...entries: Partial<AnnouncementEntry>[]): Announcement {
  const { epoch, topic } = key;
  const full = { epoch, topic, accepted: 10, oldestUnsent: 11, abandoned: [] };
  return { at: 1, entries: entries.map((entry) => ({ ...full, ...entry })) };
}

const audited = (announcement: Announcement, ...streams: StreamAccounts[]) =>
  reconcile("kitchen", announcement, streams);

const missing = (announcement: Announcement, account: Account) =>
  audited(announcement, stream([line(account)]))[0]?.missing;

const doubts = (announcement: Announcement, ...streams: StreamAccounts[]) =>
  audited(announcement, ...streams).map(({ doubt }) => [doubt?.kind, doubt?.reason]);

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
    const lines = audited(announced({ oldestUnsent: 4 }), stream([line(account)]));
    expect(lines[0]).toMatchObject({ missing: [], waiting: 7 });
  });

  test("counts what was given up apart from what is missing", () => {
    const account = { through: 3, ranges: [[8, 10]] as const };
    const lines = audited(announced({ abandoned: [[5, 6]] }), stream([line(account)]));
    expect(lines[0]).toMatchObject({
      abandoned: 2,
      missing: [
        [4, 4],
        [7, 7],
      ],
    });
  });

  test("misses all of a topic of which nothing has come, where the ledger knows the epoch", () => {
    const lines = audited(
      announced({}, { topic: "OTHER" }),
      stream([line({ through: 10, ranges: [] })], { takes: () => true }),
    );
    expect(lines[1]).toMatchObject({ topic: "OTHER", lastReceivedUs: null, missing: [[1, 10]] });
  });

  test("asks every stream that takes the topic, and no other", () => {
    const full = line({ through: 10, ranges: [] });
    const lines = audited(
      announced({}),
      stream([full]),
      stream([], { stream: "copy" }),
      stream([], { stream: "other", takes: () => false }),
    );
    expect(lines.map((one) => [one.stream, one.missing])).toEqual([
      ["data", []],
      ["copy", [[1, 10]]],
    ]);
  });
});

describe("an audit cannot judge, and says so,", () => {
  const stored = line({ through: 1, ranges: [[5, 5]] });

  test("an outbox that has announced nothing", () => {
    const absence = unjudged("the broker keeps no announcement on weir/publisher/kitchen");
    expect(reconcile("kitchen", absence, [stream([stored])])).toMatchObject([
      { accepted: null, missing: [], doubt: absence },
    ]);
  });

  test("an epoch that the announcement does not mention", () => {
    expect(doubts(announced(), stream([stored]))).toEqual([
      ["unjudged", "its announcement does not mention this epoch any more"],
    ]);
  });

  test("what no stream takes", () => {
    const lines = audited(announced({ topic: "OTHER", oldestUnsent: 1 }), stream([stored]));
    expect(lines[1]).toMatchObject({
      stream: null,
      waiting: 10,
      missing: [],
      doubt: unjudged("no stream takes this topic"),
    });
  });

  test("a stream that has no store yet", () => {
    const full = stream([line({ through: 10, ranges: [] })]);
    const lines = audited(announced({}), full, stream([], { stream: "copy", hasStore: false }));
    expect(lines.map(({ doubt }) => doubt)).toEqual([
      null,
      unjudged("the stream has no store yet"),
    ]);
  });

  test("an epoch of which all waits", () => {
    const announcement = announced({}, { epoch: "e2", oldestUnsent: 1 });
    expect(doubts(announcement, stream([line({ through: 10, ranges: [] })]))[1]).toEqual([
      "unjudged",
      "nothing of it has come yet: all of it waits",
    ]);
  });

  test("epochs that the ledger has forgotten because they were complete and idle", () => {
    const announcement = announced({ epoch: "old" }, { epoch: "older" });
    const forgotten = { epochs: 2, received: 20, filtered: 0, missing: 0 };
    const reason = "the ledger has forgotten this epoch, which was complete and idle";
    expect(doubts(announcement, stream([], { forgotten }))).toEqual([
      ["unjudged", reason],
      ["unjudged", reason],
    ]);
    expect(doubts(announcement, stream([], { forgotten: { ...forgotten, received: 19 } }))).toEqual(
      [
        ["unsupported", "the ledger has never seen this epoch"],
        ["unsupported", "the ledger has never seen this epoch"],
      ],
    );
  });
});

describe("an audit does not believe", () => {
  const stored = stream([line({ through: 10, ranges: [] })]);
  const contradiction = ["unsupported", "its numbers contradict each other"];

  test.each<[string, Partial<AnnouncementEntry>, string]>([
    [
      "more let go than taken in",
      { accepted: 5, oldestUnsent: 9 },
      "its numbers contradict each other",
    ],
    ["a message of number 0", { oldestUnsent: 0 }, "its numbers contradict each other"],
    ["ranges that run backwards", { abandoned: [[6, 5]] }, "its numbers contradict each other"],
    ["more given up than taken in", { abandoned: [[5, 11]] }, "its numbers contradict each other"],
    [
      "numbers far beyond the ledger",
      { accepted: 1_000_011, oldestUnsent: 1_000_012 },
      "its numbers are far beyond those in the ledger",
    ],
    [
      "more waiting than an outbox holds",
      { accepted: Number.MAX_SAFE_INTEGER, oldestUnsent: 11 },
      "it claims more waiting messages than an outbox holds",
    ],
    ["an epoch that was never seen", { epoch: "invented" }, "the ledger has never seen this epoch"],
  ])("%s", (_what, entry, reason) => {
    const lines = audited(announced(entry), stored);
    expect(lines.map(({ doubt }) => doubt)).toContainEqual({ kind: "unsupported", reason });
    expect(lines.flatMap((one) => one.missing)).toEqual([]);
  });

  test("one of two entries for the same epoch and topic more than the ledger supports", () => {
    expect(doubts(announced({}, { oldestUnsent: 0 }), stored)).toEqual([contradiction]);
  });

  test("a publisher that no ledger knows", () => {
    expect(doubts(announced({}, { topic: "OTHER" }), stream([]))).toEqual([
      ["unsupported", "the ledger knows no such publisher"],
      ["unsupported", "the ledger knows no such publisher"],
    ]);
  });
});
