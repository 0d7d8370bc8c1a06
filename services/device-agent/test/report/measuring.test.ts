import { once } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { createBench, createTestSource, INTERVAL_MS } from "./fixture.ts";

/** Ends when it is aborted, as a good source does. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  await once(signal, "abort");
  throw new Error("aborted");
}

const never = (): Promise<never> => new Promise(() => {});

describe("a source that fails", () => {
  test("is warned about once until it works again, and the others are reported", async () => {
    const walk = createTestSource("walk");
    const disk = createTestSource("disk");
    const fail = async () => {
      throw new Error("no such disk");
    };
    disk.answer = fail;
    await using bench = createBench([walk, disk]);
    await bench.start();
    await bench.pass(INTERVAL_MS);
    disk.says(1);
    await bench.pass(INTERVAL_MS);
    disk.answer = fail;
    await bench.pass(INTERVAL_MS);
    expect(bench.log).toEqual([
      "warn: the source disk cannot be measured: no such disk",
      "info: the source disk works again",
      "warn: the source disk cannot be measured: no such disk",
    ]);
    expect(bench.data()).toEqual([{ walk: 0 }, { walk: 0 }, { walk: 0, disk: 1 }, { walk: 0 }]);
  });

  test("may throw a value without a text, or with a long one: the others are reported", async () => {
    const walk = createTestSource("walk");
    const odd = createTestSource("odd");
    const long = createTestSource("long");
    odd.answer = () => Promise.reject(Object.create(null));
    long.answer = () => Promise.reject(new Error("x".repeat(100_000)));
    await using bench = createBench([walk, odd, long]);
    await bench.start();
    await bench.pass(INTERVAL_MS);
    expect(bench.data()).toEqual([{ walk: 0 }, { walk: 0 }]);
    expect(bench.log).toEqual([
      "warn: the source odd cannot be measured: it threw something that cannot be shown",
      expect.stringMatching(/^warn: the source long cannot be measured: x{500}…$/),
    ]);
  });
});

describe("a source that fails and works alternately", () => {
  const HOUR_MS = 3_600_000;
  const TURNS = HOUR_MS / INTERVAL_MS;
  /** Of the first hour, without the first turn at its start. */
  const LINES = 6;

  function flapping(name: string) {
    const source = createTestSource(name);
    source.answer = async () => {
      if (source.reads % 2 === 1) throw new Error("a loose contact");
      return { [name]: source.reads };
    };
    return source;
  }

  test("is logged a few times an hour, then with a count and its state; each value is reported", async () => {
    const source = flapping("gate");
    await using bench = createBench([source]);
    await bench.start();
    for (let turn = 1; turn < TURNS; turn += 1) await bench.pass(INTERVAL_MS);
    const warning = "warn: the source gate cannot be measured: a loose contact";
    const works = "info: the source gate works again";
    expect(bench.log).toEqual([warning, works, warning, works, warning, works]);
    await bench.pass(INTERVAL_MS);
    expect(bench.log.slice(LINES)).toEqual([
      `warn: the source gate has failed or worked again ${TURNS - LINES} times more; it works now`,
      warning,
    ]);
    // Each second read was a value, and none is missing.
    const values = Array.from({ length: TURNS / 2 }, (_, index) => ({ gate: 2 * (index + 1) }));
    expect(bench.data()).toEqual(values);
  });

  test("does not silence another one, and a lasting failure that was left out is in the next count", async () => {
    const source = flapping("gate");
    const door = createTestSource("door");
    await using bench = createBench([source, door]);
    await bench.start();
    for (let turn = 1; turn < 10; turn += 1) await bench.pass(INTERVAL_MS);
    const fail = async () => {
      throw new Error("it is off");
    };
    door.answer = fail;
    source.answer = fail;
    await bench.pass(INTERVAL_MS);
    expect(bench.log.slice(LINES)).toEqual(["warn: the source door cannot be measured: it is off"]);
    for (let turn = 11; turn <= TURNS; turn += 1) await bench.pass(INTERVAL_MS);
    expect(bench.log.slice(LINES + 1)).toEqual([
      "warn: the source gate has failed or worked again 5 times more; it cannot be measured: it is off",
    ]);
  });

  test("is counted at the end, too", async () => {
    const bench = createBench([flapping("gate")]);
    await bench.start();
    for (let turn = 1; turn < 10; turn += 1) await bench.pass(INTERVAL_MS);
    await bench.reporter[Symbol.asyncDispose]();
    expect(bench.log.slice(LINES)).toEqual([
      "warn: the source gate has failed or worked again 4 times more; it works now",
    ]);
  });
});

describe("a slow source", () => {
  test("delays its own group, and no other", async () => {
    const slow = createTestSource("slow");
    const walk = createTestSource("walk", { everyMs: 1_000 });
    const measured = Promise.withResolvers<{ slow: number }>();
    slow.answer = () => measured.promise;
    await using bench = createBench([slow, walk]);
    await bench.start();
    await bench.pass(1_000);
    await bench.pass(1_000);
    expect(bench.data()).toEqual([{ walk: 0 }, { walk: 0 }, { walk: 0 }]);
    measured.resolve({ slow: 7 });
    await bench.pass(0);
    expect(bench.data()).toHaveLength(4);
    expect(bench.data().at(-1)).toEqual({ slow: 7 });
  });

  test("is aborted after the interval; its group takes its turn and the next one on time", async () => {
    const slow = createTestSource("slow");
    const walk = createTestSource("walk");
    slow.answer = untilAborted;
    await using bench = createBench([slow, walk]);
    await bench.start();
    await bench.pass(INTERVAL_MS);
    // The turn that came due meanwhile has begun at once, and waits again.
    expect({ data: bench.data(), reads: walk.reads }).toEqual({ data: [{ walk: 0 }], reads: 2 });
    expect(bench.log).toEqual([
      "warn: the source slow cannot be measured: it took longer than 10000 ms",
    ]);
    slow.says(3);
    await bench.pass(INTERVAL_MS);
    expect(bench.data().at(-1)).toEqual({ slow: 3, walk: 0 });
  });

  test("has half a minute at most, however long its interval is", async () => {
    const slow = createTestSource("slow", { everyMs: 3_600_000 });
    slow.answer = untilAborted;
    await using bench = createBench([slow]);
    await bench.start();
    await bench.pass(29_999);
    expect(bench.log).toEqual([]);
    await bench.pass(1);
    expect(bench.log).toHaveLength(1);
  });

  test("that does not end when aborted is skipped until it has ended", async () => {
    const stuck = createTestSource("stuck");
    const walk = createTestSource("walk");
    const measured = Promise.withResolvers<{ stuck: number }>();
    stuck.answer = () => measured.promise;
    await using bench = createBench([stuck, walk]);
    await bench.start();
    await bench.pass(INTERVAL_MS);
    await bench.pass(500);
    await bench.pass(INTERVAL_MS);
    expect({ reads: stuck.reads, data: bench.data() }).toEqual({
      reads: 1,
      data: [{ walk: 0 }, { walk: 0 }, { walk: 0 }],
    });
    expect(bench.log).toHaveLength(1);
    measured.resolve({ stuck: 1 });
    await bench.pass(0);
    stuck.says(2);
    await bench.pass(INTERVAL_MS);
    expect(bench.data().at(-1)).toEqual({ stuck: 2, walk: 0 });
  });

  test("is never read twice at a time, however short the interval becomes", async () => {
    const slow = createTestSource("slow");
    slow.answer = never;
    await using bench = createBench([slow]);
    await bench.start();
    bench.reporter.setIntervalMs(100);
    for (let turns = 0; turns < 10; turns += 1) await bench.pass(100);
    expect(slow.reads).toBe(1);
    const closing = bench.reporter[Symbol.asyncDispose]();
    await bench.pass(500);
    await closing;
  });
});

describe("the end of a reporter", () => {
  test("ends measurements without a log line, waits for them, closes its sources, and sends no more", async () => {
    const slow = createTestSource("slow");
    const idle = createTestSource("idle", { isActive: false });
    let ended = false;
    slow.answer = async (signal) => {
      await once(signal, "abort");
      ended = true;
      return { slow: 1 };
    };
    const bench = createBench([slow, idle]);
    await bench.start();
    const asked = bench.reporter.reportNow();
    await bench.reporter[Symbol.asyncDispose]();
    expect({ ended, closed: [slow.closed, idle.closed] }).toEqual({ ended: true, closed: [1, 1] });
    expect(await asked).toEqual([]);
    await bench.reporter[Symbol.asyncDispose]();
    await bench.pass(10 * INTERVAL_MS);
    expect({ reads: slow.reads, sent: bench.sent, log: bench.log, closed: slow.closed }).toEqual({
      reads: 1,
      sent: [],
      log: [],
      closed: 1,
    });
  });

  test("does not wait for the outcome of states that it has handed over", async () => {
    const bench = createBench([createTestSource("walk")], { outcome: null });
    const asked = bench.reporter.reportNow();
    await bench.pass(0);
    await bench.reporter[Symbol.asyncDispose]();
    bench.sent[0]?.settle({ kind: "dropped", reason: "the delivery was stopped before" });
    expect(await asked).toHaveLength(1);
  });
});
