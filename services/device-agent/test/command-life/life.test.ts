import { describe, expect, test } from "@jest/globals";
import { createFakeClock, eventually, temporaryFolder } from "@weir/testkit";
import { Refusal } from "../../src/control/sandbox.ts";
import { commandOf, ECHO, messageOf, startTrial } from "./fixture.ts";

describe("a command", () => {
  test("is received, begins and is done, with its result", async () => {
    using folder = temporaryFolder();
    const ends: unknown[] = [];
    await using trial = startTrial({ folder, onEnded: (outcome) => ends.push(outcome) });
    trial.hand({ id: "a", name: "echo", payload: { pins: [1] } });
    expect(trial.statuses("a")).toEqual(["received"]);
    expect(await trial.ended("a")).toMatchObject({ status: "done", result: { pins: [1] } });
    expect(trial.statuses("a")).toEqual(["received", "running", "done"]);
    // `name` is the process's, in each line of its log.
    const details = { id: "a", command: "echo", status: "done" };
    expect(trial.log).toEqual([{ level: "info", message: "the command echo is done", details }]);
    expect(ends).toEqual(["done"]);
  });

  test("is read without a byte order mark and NULs around it", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    const payload = Buffer.from('\uFEFF{"id":"a","name":"echo","payload":1}\0\0');
    trial.handler.receive(messageOf(payload));
    expect(await trial.ended("a")).toMatchObject({ status: "done", result: 1 });
  });

  test("that was retained may be deleted: an empty message gets no answer", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    expect(trial.handler.receive(messageOf(Buffer.alloc(0)))).toBe(true);
    trial.hand({ id: "after", name: "echo" });
    await trial.ended("after");
    expect(new Set(trial.acks().map(({ id }) => id))).toEqual(new Set(["after"]));
  });

  test("waits for the one before it", async () => {
    using folder = temporaryFolder();
    const gate = Promise.withResolvers<void>();
    const wait = commandOf("wait", () => gate.promise);
    await using trial = startTrial({ folder, commands: [wait, ECHO] });
    trial.hand({ id: "slow", name: "wait" });
    trial.hand({ id: "quick", name: "echo" });
    await eventually(() => trial.statuses("slow").includes("running"));
    gate.resolve();
    await trial.ended("quick");
    expect(trial.acks().map(({ id, status }) => `${id} ${status}`)).toEqual([
      "slow received",
      "quick received",
      "slow running",
      "slow done",
      "quick running",
      "quick done",
    ]);
  });

  test("that expires while it waits is not begun", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const gate = Promise.withResolvers<void>();
    const wait = commandOf("wait", () => gate.promise);
    await using trial = startTrial({ folder, clock, commands: [wait, ECHO] });
    trial.hand({ id: "slow", name: "wait" });
    trial.hand({ id: "a", name: "echo", expiresAt: clock.now() + 1_000 });
    await eventually(() => trial.statuses("slow").includes("running"));
    clock.advance(1_000);
    gate.resolve();
    await trial.ended("a");
    expect(trial.statuses("a")).toEqual(["received", "expired"]);
  });

  test.each([
    ["throws", async () => Promise.reject(new Error("no such pin")), "failed", "no such pin"],
    [
      "throws at once",
      () => {
        throw new Error("no such pin");
      },
      "failed",
      "no such pin",
    ],
    ["refuses", async () => Promise.reject(new Refusal("too hot")), "rejected", "too hot"],
    ["throws a text", async () => Promise.reject("bare"), "failed", "bare"],
    [
      "throws a novel",
      async () => Promise.reject(new Error("x".repeat(9_999))),
      "failed",
      `${"x".repeat(500)}…`,
    ],
  ] as const)("that %s is reported", async (_, run, status, error) => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder, commands: [commandOf("act", run), ECHO] });
    trial.hand({ id: "a", name: "act" });
    expect(await trial.ended("a")).toMatchObject({ status, error });
    trial.hand({ id: "next", name: "echo" });
    expect(await trial.ended("next")).toMatchObject({ status: "done" });
    expect(trial.faults).toEqual([]);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  test.each([
    ["nothing", undefined, undefined],
    ["a function", () => 1, undefined],
    ["null", null, null],
    ["a cycle", cycle, { omitted: "the result cannot be written as JSON" }],
    ["a BigInt", 1n, { omitted: "the result cannot be written as JSON" }],
    ["too much", "é".repeat(9_000), { omitted: "the result has 18002 bytes, more than 16384" }],
    ["just enough", "x".repeat(16_382), "x".repeat(16_382)],
  ])("that returns %s is done", async (_, returned, result) => {
    using folder = temporaryFolder();
    const commands = [commandOf("act", async () => returned)];
    await using trial = startTrial({ folder, commands });
    trial.hand({ id: "a", name: "act" });
    const ack = await trial.ended("a");
    expect(ack.status).toBe("done");
    expect(ack.result).toEqual(result);
  });
});

describe("a command that takes too long", () => {
  const abortable = commandOf(
    "act",
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
      }),
    { timeoutMs: 5_000 },
  );
  const deaf = commandOf("act", () => new Promise(() => {}), { timeoutMs: 5_000 });

  test("is aborted, and has failed", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    await using trial = startTrial({ folder, clock, commands: [abortable] });
    trial.hand({ id: "a", name: "act" });
    await eventually(() => trial.statuses("a").includes("running"));
    clock.advance(4_999);
    expect(trial.statuses("a")).toEqual(["received", "running"]);
    clock.advance(1);
    expect(await trial.ended("a")).toMatchObject({
      status: "failed",
      error: "it took longer than 5000 ms",
    });
  });

  test("and ignores its signal does not block the next one", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    await using trial = startTrial({ folder, clock, commands: [deaf, ECHO] });
    trial.hand({ id: "a", name: "act" });
    trial.hand({ id: "next", name: "echo" });
    await eventually(() => trial.statuses("a").includes("running"));
    clock.advance(6_000);
    expect(await trial.ended("a")).toMatchObject({
      status: "failed",
      error: "it took longer than 5000 ms, and did not end after its signal",
    });
    expect(await trial.ended("next")).toMatchObject({ status: "done" });
  });
});

describe("a device that stops", () => {
  test("ends the command that runs, records what it says, and begins no other", async () => {
    using folder = temporaryFolder();
    const commands = [
      commandOf(
        "act",
        (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
      ),
      ECHO,
    ];
    {
      await using trial = startTrial({ folder, commands });
      trial.hand({ id: "a", name: "act" });
      trial.hand({ id: "b", name: "echo" });
      await eventually(() => trial.statuses("a").includes("running"));
      await trial.handler[Symbol.asyncDispose]();
      expect(trial.acks().at(-1)).toMatchObject({
        status: "failed",
        error: "the device was stopped",
      });
      // What comes now waits for the next start, too.
      trial.hand({ id: "c", name: "echo" });
    }
    await using next = startTrial({ folder, commands });
    await next.ended("c");
    expect(next.statuses("b")).toEqual(["received", "running", "done"]);
    expect(next.statuses("c")).toEqual(["received", "running", "done"]);
  });

  test("waits a second for one that ignores it, which the next start reports as unknown", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    const commands = [commandOf("act", () => new Promise(() => {}))];
    {
      await using trial = startTrial({ folder, clock, commands });
      trial.hand({ id: "a", name: "act" });
      await eventually(() => trial.statuses("a").includes("running"));
      const stopped = trial.handler[Symbol.asyncDispose]();
      clock.advance(1_000);
      await stopped;
      expect(trial.statuses("a")).toEqual(["received", "running"]);
    }
    await using next = startTrial({ folder, clock, commands });
    expect(next.statuses("a")).toEqual(["received", "running", "unknown"]);
    expect(next.acks().at(-1)?.error).toContain("its result is unknown");
  });

  test("records a command that was done all the same", async () => {
    using folder = temporaryFolder();
    const commands = [
      commandOf(
        "act",
        (_, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve("in time"));
          }),
      ),
    ];
    await using trial = startTrial({ folder, commands });
    trial.hand({ id: "a", name: "act" });
    await eventually(() => trial.statuses("a").includes("running"));
    await trial.handler[Symbol.asyncDispose]();
    expect(trial.acks().at(-1)).toMatchObject({ status: "done", result: "in time" });
  });
});

describe("a command that ends the process", () => {
  const restart = (run: () => Promise<unknown>) => [
    commandOf("restart", run, { endsProcess: true, timeoutMs: 5_000 }),
    ECHO,
  ];

  test("is done when the next process starts", async () => {
    using folder = temporaryFolder();
    {
      await using trial = startTrial({ folder, commands: restart(async () => {}) });
      trial.hand({ id: "a", name: "restart" });
      trial.hand({ id: "b", name: "echo" });
      await eventually(() => trial.statuses("a").includes("running"));
      await trial.handler[Symbol.asyncDispose]();
      expect(trial.statuses("a")).toEqual(["received", "running"]);
    }
    await using next = startTrial({ folder, commands: restart(async () => {}) });
    expect(next.statuses("a")).toEqual(["received", "running", "done"]);
    await next.ended("b");
    // It is done once, however often the process starts.
    expect(next.statuses("a")).toEqual(["received", "running", "done"]);
  });

  test("has failed when the process is still there after its time", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    await using trial = startTrial({ folder, clock, commands: restart(async () => {}) });
    trial.hand({ id: "a", name: "restart" });
    await eventually(() => trial.statuses("a").includes("running"));
    // It has run by the time that something else on this turn has.
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(5_000);
    expect(await trial.ended("a")).toMatchObject({
      status: "failed",
      error: "the process did not end",
    });
    trial.hand({ id: "b", name: "echo" });
    expect(await trial.ended("b")).toMatchObject({ status: "done" });
  });

  test("has failed when it throws", async () => {
    using folder = temporaryFolder();
    const commands = restart(() => Promise.reject(new Error("no")));
    await using trial = startTrial({ folder, commands });
    trial.hand({ id: "a", name: "restart" });
    expect(await trial.ended("a")).toMatchObject({ status: "failed", error: "no" });
  });
});

describe("a device that starts again", () => {
  test("goes on with what it has received, unless it is no longer allowed", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    {
      await using trial = startTrial({ folder, clock, starts: false });
      trial.hand({ id: "a", name: "echo", payload: 1 });
      trial.hand({ id: "late", name: "echo", expiresAt: clock.now() + 10 });
      expect(trial.statuses("a")).toEqual(["received"]);
    }
    clock.advance(10);
    await using next = startTrial({ folder, clock });
    expect(await next.ended("a")).toMatchObject({ status: "done", result: 1 });
    expect(await next.ended("late")).toMatchObject({ status: "expired" });
  });

  test("rejects what it has received and does not know any more", async () => {
    using folder = temporaryFolder();
    {
      await using trial = startTrial({ folder, starts: false });
      trial.hand({ id: "a", name: "echo" });
    }
    await using next = startTrial({ folder, commands: [] });
    expect(await next.ended("a")).toMatchObject({
      status: "rejected",
      error: expect.stringContaining("no command echo"),
    });
  });
});
