import { describe, expect, test } from "@jest/globals";
import type { Outcome } from "@weir/delivery";
import { createBench, createTestSource, INTERVAL_MS, within } from "./fixture.ts";

const REPLACED: Outcome = { kind: "dropped", reason: "replaced by a newer one" };

describe("a state that was lost", () => {
  test.each<Outcome>([
    REPLACED,
    { kind: "expired", reason: "no connection" },
    { kind: "refused", reason: "no rights" },
    { kind: "abandoned", reason: "too old" },
  ])(
    "was not reported ($kind): the next sample is due, whatever its deadband says",
    async (outcome) => {
      await using bench = createBench([createTestSource("walk", { rule: within(1) })], {
        outcome: null,
      });
      await bench.start();
      await bench.pass(INTERVAL_MS);
      expect(bench.sent).toHaveLength(1);
      bench.sent[0]?.settle(outcome);
      await bench.pass(0);
      await bench.pass(INTERVAL_MS);
      expect(bench.sent).toHaveLength(2);
    },
  );

  test.each<Outcome>([
    { kind: "sent" },
    { kind: "delivered" },
    { kind: "kept", reason: "the delivery was stopped before" },
  ])("is none that was $kind", async (outcome) => {
    const walk = createTestSource("walk", { rule: within(1) });
    await using bench = createBench([walk], { outcome });
    await bench.start();
    await bench.pass(INTERVAL_MS);
    await bench.pass(INTERVAL_MS);
    expect({ reads: walk.reads, sent: bench.sent.length }).toEqual({ reads: 3, sent: 1 });
  });

  test("leaves its count of samples kept back to the next one", async () => {
    const walk = createTestSource("walk", { rule: within(1) });
    await using bench = createBench([walk], { outcome: null });
    await bench.start();
    bench.sent[0]?.settle({ kind: "sent" });
    await bench.pass(INTERVAL_MS);
    await bench.pass(INTERVAL_MS);
    walk.says(5);
    await bench.pass(INTERVAL_MS);
    expect(bench.sent[1]?.state.suppressed).toEqual({ walk: 2 });
    // Another one is suppressed while the outcome of the message is open.
    await bench.pass(INTERVAL_MS);
    bench.sent[1]?.settle({ kind: "expired", reason: "no connection" });
    await bench.pass(0);
    await bench.pass(INTERVAL_MS);
    expect(bench.sent[2]?.state).toMatchObject({ data: { walk: 5 }, suppressed: { walk: 3 } });
  });

  test("does not touch what a newer one has reported", async () => {
    const walk = createTestSource("walk", { rule: within(1), delivery: { class: "event" } });
    await using bench = createBench([walk], { outcome: null });
    await bench.start();
    walk.says(5);
    await bench.pass(INTERVAL_MS);
    bench.sent[1]?.settle({ kind: "delivered" });
    bench.sent[0]?.settle({ kind: "expired", reason: "no connection" });
    await bench.pass(0);
    await bench.pass(INTERVAL_MS);
    expect(bench.data()).toEqual([{ walk: 0 }, { walk: 5 }]);
  });

  test("is reported again within a minute, however long the interval is", async () => {
    const load = createTestSource("load", { rule: within(1, 86_400_000), everyMs: 3_600_000 });
    await using bench = createBench([load], { outcome: null });
    await bench.start();
    bench.sent[0]?.settle(REPLACED);
    await bench.pass(0);
    await bench.pass(60_000);
    expect(bench.data()).toEqual([{ load: 0 }, { load: 0 }]);
    bench.sent[1]?.settle({ kind: "sent" });
    await bench.pass(3_540_000);
    expect(load.reads).toBe(3);
    expect(bench.sent).toHaveLength(2);
  });
});

describe("a reading that takes the place of one that waits", () => {
  test("is no reason to measure more often: an outage of a day is one of 24 measurements", async () => {
    const hour = 3_600_000;
    const load = createTestSource("load", { everyMs: hour });
    await using bench = createBench([load], { outcome: null });
    await bench.start();
    for (let minute = 1; minute < 24 * 60; minute += 1) {
      await bench.pass(60_000);
      for (const { settle } of bench.sent.slice(0, -1)) settle(REPLACED);
      await bench.pass(0);
    }
    expect(load.reads).toBe(24);
  });

  test("reports all that the lost one did", async () => {
    const walk = createTestSource("walk");
    const disk = createTestSource("disk", { rule: within(1) });
    await using bench = createBench([walk, disk], { outcome: null });
    await bench.start();
    await bench.pass(INTERVAL_MS);
    bench.sent[0]?.settle(REPLACED);
    await bench.pass(INTERVAL_MS);
    bench.sent[1]?.settle(REPLACED);
    bench.sent[2]?.settle({ kind: "sent" });
    await bench.pass(INTERVAL_MS);
    const both = { walk: 0, disk: 0 };
    expect(bench.data()).toEqual([both, both, both, { walk: 0 }]);
  });

  test("is not the case of events and alarms: none of them takes another's place", async () => {
    const delivery = { class: "alarm" } as const;
    const walk = createTestSource("walk", { delivery });
    const disk = createTestSource("disk", { delivery, rule: within(1) });
    await using bench = createBench([walk, disk], { outcome: null });
    await bench.start();
    await bench.pass(INTERVAL_MS);
    expect(bench.data()).toEqual([{ walk: 0, disk: 0 }, { walk: 0 }]);
  });
});
