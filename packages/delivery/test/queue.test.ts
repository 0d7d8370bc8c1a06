import { copyFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { OUTBOX_LIMITS, openQueue, type Queue } from "../src/queue.ts";

const NOW_MS = 1_767_225_600_000;

function open(file: string, limits = {}): Queue {
  return openQueue({ file, publisher: "kitchen", limits: { ...OUTBOX_LIMITS, ...limits } });
}

const readings = (count: number) =>
  Array.from({ length: count }, (_, number) => ({ topic: "DATA", payload: { number } }));

describe("the queue of an outbox", () => {
  test("numbers messages by topic and puts their place into the payload", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("outbox.db"));
    const { epoch } = queue;
    const handed = [...readings(2), { topic: "OTHER", payload: {} }];
    expect(queue.accept(handed, NOW_MS)).toEqual([
      { kind: "accepted", topic: "DATA", epoch, seq: 1 },
      { kind: "accepted", topic: "DATA", epoch, seq: 2 },
      { kind: "accepted", topic: "OTHER", epoch, seq: 1 },
    ]);
    const [, second] = queue.after(0, 10);
    expect(JSON.parse(String(second?.payload))).toEqual({
      number: 1,
      publisher: "kitchen",
      epoch,
      seq: 2,
    });
  });

  test("keeps what waits under its old epoch when it is opened again, and begins a new one", () => {
    using folder = temporaryFolder();
    const file = folder.file("outbox.db");
    const first = open(file);
    first.accept(readings(1), NOW_MS);
    first[Symbol.dispose]();
    using second = open(file);
    second.accept(readings(1), NOW_MS);
    expect(second.after(0, 10).map(({ epoch, seq }) => [epoch, seq])).toEqual([
      [first.epoch, 1],
      [second.epoch, 1],
    ]);
    expect(second.epoch).not.toBe(first.epoch);
  });

  test("of a cloned disk never gives a number that the other gives", () => {
    using folder = temporaryFolder();
    const file = folder.file("outbox.db");
    const original = open(file);
    original.accept(readings(1), NOW_MS);
    original[Symbol.dispose]();
    copyFileSync(file, folder.file("clone.db"));
    using one = open(file);
    using other = open(folder.file("clone.db"));
    expect(one.epoch).not.toBe(other.epoch);
  });

  test("makes the folders on its way", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("a/b/outbox.db"));
    expect(queue.size().rows).toBe(0);
  });

  test("is open in one process at a time", () => {
    using folder = temporaryFolder();
    using _queue = open(folder.file("outbox.db"));
    expect(() => open(folder.file("outbox.db"))).toThrow("another process has the outbox");
  });

  test("refuses a message when it is full, and says so", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("outbox.db"), { rowsMax: 2 });
    expect(queue.accept(readings(3), NOW_MS).map(({ kind }) => kind)).toEqual([
      "accepted",
      "accepted",
      "refused",
    ]);
    expect(queue.size().rows).toBe(2);
  });

  test("refuses a message whose bytes would exceed its limit", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("outbox.db"), { bytesMax: 100 });
    const [acceptance] = queue.accept([{ topic: "T", payload: { x: "x".repeat(200) } }], NOW_MS);
    expect(acceptance).toMatchObject({ kind: "refused", reason: expect.stringContaining("full") });
  });

  test("refuses what no broker would take, and accepts the rest of the batch", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("outbox.db"));
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const handed = [
      { topic: "DATA", payload: cycle },
      { topic: "DATA", payload: { x: "x".repeat(300_000) } },
      { topic: "plant/#", payload: {} },
      { topic: "DATA", payload: {} },
    ];
    expect(queue.accept(handed, NOW_MS)).toMatchObject([
      { kind: "refused", reason: "the payload cannot be written as JSON" },
      { kind: "refused", reason: expect.stringContaining("bytes, more than") },
      { kind: "refused", reason: expect.stringContaining("wildcards") },
      { kind: "accepted", seq: 1 },
    ]);
  });

  test("removes what a receipt confirms, and only what was sent", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("outbox.db"));
    queue.accept(readings(5), NOW_MS);
    const { epoch } = queue;
    const receipt = [{ epoch, topic: "DATA", through: 2, ranges: [[4, 5]] as [number, number][] }];
    expect(queue.confirm(receipt, 4)).toEqual(
      [1, 2, 4].map((seq) => ({ id: seq, topic: "DATA", epoch, seq })),
    );
    expect(queue.after(0, 10).map(({ seq }) => seq)).toEqual([3, 5]);
    expect(queue.size().rows).toBe(2);
  });

  test("announces what it assigned, what waits and what it abandoned", () => {
    using folder = temporaryFolder();
    using queue = open(folder.file("outbox.db"));
    queue.accept(readings(4), NOW_MS);
    const [first, second] = queue.after(0, 2);
    if (first === undefined || second === undefined) throw new Error("two messages wait");
    queue.abandon(first, "too old", NOW_MS);
    queue.abandon(second, "too old", NOW_MS);
    expect(queue.announcement()).toEqual([
      { epoch: queue.epoch, topic: "DATA", accepted: 4, oldestUnsent: 3, abandoned: [[1, 2]] },
    ]);
  });
});
