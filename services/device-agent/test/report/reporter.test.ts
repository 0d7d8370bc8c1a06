import { describe, expect, test } from "@jest/globals";
import { createBench, createTestSource, INTERVAL_MS, within } from "./fixture.ts";

describe("a reporter", () => {
  test("reports at its start, and then once in each interval, with the time of the measurement", async () => {
    const walk = createTestSource("walk");
    await using bench = createBench([walk]);
    const startMs = bench.clock.now();
    await bench.start();
    walk.says(0.1 + 0.2);
    await bench.pass(INTERVAL_MS);
    expect(bench.sent.map(({ state }) => state)).toEqual([
      { data: { walk: 0 }, time: startMs, interval: 10 },
      { data: { walk: 0.1 + 0.2 }, time: startMs + INTERVAL_MS, interval: 10 },
    ]);
    await bench.pass(INTERVAL_MS - 1);
    expect(bench.sent).toHaveLength(2);
  });

  test("puts what is due with one class and one interval into one message", async () => {
    const event = { class: "event" } as const;
    await using bench = createBench([
      createTestSource("walk"),
      createTestSource("disk", { attributes: ["used", "free"] }),
      createTestSource("door", { delivery: event }),
      createTestSource("bell", { delivery: { ...event, ttlMs: 15_000 } }),
      createTestSource("gate", { delivery: { ...event, ttlMs: 1_000 } }),
      createTestSource("smoke", { delivery: { class: "alarm" } }),
      createTestSource("load", { everyMs: 60_000 }),
      createTestSource("idle", { isActive: false }),
    ]);
    await bench.start();
    expect(bench.data()).toEqual([
      { walk: 0, used: 0, free: 0 },
      { door: 0, bell: 0 },
      { gate: 0 },
      { smoke: 0 },
      { load: 0 },
    ]);
    expect(bench.sent.map(({ delivery }) => delivery.class)).toEqual([
      "telemetry",
      "event",
      "event",
      "alarm",
      "telemetry",
    ]);
    expect(bench.sent.at(-1)?.state.interval).toBe(10);
  });

  test("sends no message when nothing is due", async () => {
    const walk = createTestSource("walk", { rule: within(1) });
    await using bench = createBench([walk]);
    await bench.start();
    for (let turns = 0; turns < 5; turns += 1) await bench.pass(INTERVAL_MS);
    expect(walk.reads).toBe(6);
    expect(bench.sent).toHaveLength(1);
  });

  test("keeps its beat when the wall clock is set", async () => {
    const walk = createTestSource("walk", { rule: within(1, 30_000) });
    await using bench = createBench([walk]);
    await bench.start();
    bench.clock.jump(-86_400_000);
    await bench.pass(INTERVAL_MS);
    bench.clock.jump(2 * 86_400_000);
    await bench.pass(INTERVAL_MS);
    expect({ reads: walk.reads, sent: bench.sent.length }).toEqual({ reads: 3, sent: 1 });
    await bench.pass(INTERVAL_MS);
    expect(bench.sent[1]?.state.time).toBe(bench.clock.now());
  });

  test("leaves out what could not be read, what is no number, and what its source has not described", async () => {
    const disk = createTestSource("disk", { attributes: ["used", "free", "__proto__"] });
    disk.answer = async () => ({ used: Number.NaN, free: 3, secret: 4 });
    await using bench = createBench([disk]);
    await bench.start();
    expect(bench.data()).toEqual([{ free: 3 }]);
  });
});

describe("a changed interval", () => {
  test("applies at once: the next report is one new interval away, shorter or longer", async () => {
    const walk = createTestSource("walk");
    await using bench = createBench([walk]);
    await bench.start();
    await bench.pass(9_000);
    bench.reporter.setIntervalMs(2_000);
    await bench.pass(1_999);
    expect(walk.reads).toBe(1);
    await bench.pass(1);
    expect(walk.reads).toBe(2);
    bench.reporter.setIntervalMs(50_000);
    await bench.pass(49_999);
    expect(walk.reads).toBe(2);
    await bench.pass(1);
    expect(bench.sent.map(({ state }) => state.interval)).toEqual([10, 2, 50]);
    expect(bench.reporter.intervalMs).toBe(50_000);
  });

  test("restarts the timer also when the interval is the same", async () => {
    const walk = createTestSource("walk");
    await using bench = createBench([walk]);
    await bench.start();
    await bench.pass(9_000);
    bench.reporter.setIntervalMs(INTERVAL_MS);
    await bench.pass(INTERVAL_MS - 1);
    expect(walk.reads).toBe(1);
    await bench.pass(1);
    expect(walk.reads).toBe(2);
  });

  test("does not apply to a source with its own interval", async () => {
    const load = createTestSource("load", { everyMs: 60_000 });
    await using bench = createBench([createTestSource("walk"), load]);
    await bench.start();
    await bench.pass(59_000);
    bench.reporter.setIntervalMs(5_000);
    await bench.pass(1_000);
    expect(load.reads).toBe(2);
  });

  test("applies from the start when it was set before", async () => {
    const walk = createTestSource("walk");
    await using bench = createBench([walk]);
    bench.reporter.setIntervalMs(1_000);
    await bench.pass(5_000);
    expect(walk.reads).toBe(0);
    await bench.start();
    await bench.pass(1_000);
    expect(walk.reads).toBe(2);
  });
});

describe("the choice of sources", () => {
  test("applies at once, and newly active sources report at once", async () => {
    const walk = createTestSource("walk", { rule: within(1) });
    const load = createTestSource("load", { rule: within(1), isActive: false, everyMs: 60_000 });
    await using bench = createBench([walk, load]);
    await bench.start();
    bench.reporter.setActiveSources(["load"]);
    await bench.pass(0);
    expect(bench.data()).toEqual([{ walk: 0 }, { load: 0 }]);
    expect([bench.reporter.isActive("walk"), bench.reporter.isActive("load")]).toEqual([
      false,
      true,
    ]);
    await bench.pass(60_000);
    expect(walk.reads).toBe(1);
    // What it said long ago does not keep back what it says now.
    bench.reporter.setActiveSources(["walk", "load"]);
    await bench.pass(0);
    expect(bench.data()).toEqual([{ walk: 0 }, { load: 0 }, { walk: 0 }]);
  });
});

describe("a report on demand", () => {
  test("reports all attributes of all active sources, whatever their deadbands say", async () => {
    const quiet = { rule: within(1) };
    const walk = createTestSource("walk", quiet);
    const load = createTestSource("load", { ...quiet, everyMs: 60_000 });
    await using bench = createBench([walk, load, createTestSource("idle", { isActive: false })]);
    await bench.start();
    await bench.pass(INTERVAL_MS);
    const outcomes = await bench.reporter.reportNow();
    expect(outcomes).toEqual([{ kind: "sent" }, { kind: "sent" }]);
    expect(bench.sent.slice(2).map(({ state }) => state)).toMatchObject([
      { data: { walk: 0 }, suppressed: { walk: 1 }, interval: 10 },
      { data: { load: 0 }, interval: 10 },
    ]);
  });

  test("shares a measurement that is under way", async () => {
    const walk = createTestSource("walk", { rule: within(1) });
    await using bench = createBench([walk]);
    await bench.start();
    const measured = Promise.withResolvers<{ walk: number }>();
    walk.answer = () => measured.promise;
    await bench.pass(INTERVAL_MS);
    const outcomes = bench.reporter.reportNow();
    measured.resolve({ walk: 0.5 });
    expect(await outcomes).toEqual([{ kind: "sent" }]);
    expect(walk.reads).toBe(2);
    expect(bench.data()).toEqual([{ walk: 0 }, { walk: 0.5 }]);
  });

  test("returns the outcome of each message", async () => {
    await using bench = createBench([createTestSource("walk")], {
      outcome: { kind: "dropped", reason: "the queue is full" },
    });
    expect(await bench.reporter.reportNow()).toEqual([
      { kind: "dropped", reason: "the queue is full" },
    ]);
  });
});
