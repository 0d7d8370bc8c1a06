import { describe, expect, test } from "@jest/globals";
import type { Effect } from "@weir/flows";
import { createFakeClock, createTestContext, eventually, type FakeClock } from "@weir/testkit";
import { Actions } from "../../src/actions/actions.ts";
import type { Attempt, Performers } from "../../src/actions/performer.ts";
import { MemoryLog } from "./memory-log.ts";

const HOUR_MS = 3_600_000;
const PUBLISH: Effect = { kind: "publish", topic: "a", payload: "b", qos: 1, retain: false };
const MAIL = {
  kind: "email",
  to: ["you@example.org"],
  subject: "x",
  text: "y",
  whenUncertain: "say",
} as const;

/** Actions of a test, what was performed, and how each has ended. */
class Performed {
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly attempts: (Attempt & { kind: string })[] = [];
  readonly ends: string[] = [];
  readonly faults: unknown[] = [];
  readonly actions: Actions;

  constructor(
    perform: (attempt: Attempt, effect: Effect) => ReturnType<Performers["publish"]>,
    {
      log = new MemoryLog(),
      clock = createFakeClock(),
      isReachable = (_kind: Effect["kind"]): boolean => true,
    } = {},
  ) {
    this.clock = clock;
    this.log = log;
    const performer = async (effect: Effect, attempt: Attempt) => {
      this.attempts.push({ ...attempt, kind: effect.kind });
      return await perform(attempt, effect);
    };
    this.actions = new Actions({
      log,
      performers: {
        ...{ email: performer, webhook: performer, ntfy: performer },
        ...{ publish: performer, command: performer, history: performer },
      },
      isReachable,
      onEnd: ({ id }, outcome, end) => {
        log.end(id);
        this.ends.push(`${id} ${end}${outcome.isDone ? "" : `: ${outcome.problem}`}`);
      },
      clock,
      logger: createTestContext().logger,
      fail: (fault) => this.faults.push(fault),
      random: () => 1,
    });
  }

  /** Stops without waiting for what hangs. */
  async stop(): Promise<void> {
    const stopped = this.actions[Symbol.asyncDispose]();
    this.clock.advance(1_000);
    await stopped;
  }
}

const DONE = { isDone: true, result: null } as const;
const never = async ({ signal }: Attempt): Promise<never> =>
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("actions", () => {
  test("are performed in order, once, with their keys", async () => {
    const performed = new Performed(async () => DONE);
    await using _actions = performed.actions;
    const { log, clock } = performed;
    for (let n = 0; n < 40; n += 1) log.add(PUBLISH, clock.now());
    performed.actions.start();
    await eventually(() => performed.ends.length === 40);
    expect(performed.attempts.map(({ key }) => key)).toEqual(
      log.entries.map(({ id }) => `store-${id}`),
    );
  });

  test("of a kind that cannot be reached wait, untried, and hold up no others", async () => {
    let isConnected = false;
    const isReachable = (kind: Effect["kind"]): boolean => kind !== "publish" || isConnected;
    const performed = new Performed(async () => DONE, { isReachable });
    await using actions = performed.actions;
    const { log, clock } = performed;
    log.add(PUBLISH, clock.now());
    log.add(MAIL, clock.now());
    actions.start();
    await eventually(() => performed.ends.length === 1);
    expect(performed.ends).toEqual(["2 done"]);
    expect(log.entry(1).attempts).toBe(0);
    isConnected = true;
    actions.wake();
    await eventually(() => performed.ends.length === 2);
  });

  test("that fail for now are tried again, later each time, until it would be too late", async () => {
    const performed = new Performed(async () => ({ problem: "away", retryInMs: null }));
    await using _actions = performed.actions;
    const { log, clock } = performed;
    const id = log.add(PUBLISH, clock.now(), 60_000);
    performed.actions.start();
    const waits: number[] = [];
    while (performed.ends.length === 0) {
      await eventually(() => log.entry(id).state === "waiting" || performed.ends.length > 0);
      if (performed.ends.length > 0) break;
      waits.push(log.entry(id).notBeforeMs - clock.now());
      clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([5_000, 10_000, 20_000]);
    expect(performed.ends).toEqual(["1 failed: away (tried 4 times)"]);
  });

  test("wait as long as the other side asks", async () => {
    const performed = new Performed(async ({ attempt }) =>
      attempt === 1 ? { problem: "busy", retryInMs: 90_000 } : DONE,
    );
    await using _actions = performed.actions;
    const { log, clock } = performed;
    const id = log.add(PUBLISH, clock.now());
    performed.actions.start();
    await eventually(() => log.entry(id).problem === "busy");
    clock.advance(89_999);
    expect(performed.attempts).toHaveLength(1);
    clock.advance(1);
    await eventually(() => performed.ends.length === 1);
    expect(performed.ends).toEqual(["1 done"]);
  });

  test("slow ones of one kind do not hold up another kind", async () => {
    const performed = new Performed(async (attempt, { kind }) =>
      kind === "email" ? await never(attempt) : DONE,
    );
    const { log, clock } = performed;
    for (let n = 0; n < 1_000; n += 1) log.add(MAIL, clock.now());
    log.add(PUBLISH, clock.now());
    performed.actions.start();
    await eventually(() => performed.ends.length === 1);
    expect(performed.ends).toEqual(["1001 done"]);
    expect(performed.attempts.filter(({ kind }) => kind === "email")).toHaveLength(2);
    await performed.stop();
  });

  test("whose time has passed expire, and are not performed", async () => {
    const performed = new Performed(async () => DONE);
    await using _actions = performed.actions;
    const { log, clock } = performed;
    log.add(PUBLISH, clock.now() - 3 * HOUR_MS, HOUR_MS);
    performed.actions.start();
    expect(performed.ends).toEqual(["1 expired: it was too late for it: its time was 3 hours ago"]);
    expect(performed.attempts).toEqual([]);
  });

  test("whose time has passed do not hold up those that are in time", async () => {
    const performed = new Performed(async () => DONE);
    await using _actions = performed.actions;
    const { log, clock } = performed;
    for (let n = 0; n < 100; n += 1) log.add(MAIL, clock.now() - 3 * HOUR_MS, HOUR_MS);
    log.add(MAIL, clock.now());
    performed.actions.start();
    await eventually(() => {
      clock.advance(0);
      return performed.ends.length === 101;
    });
    expect(performed.ends.at(-1)).toBe("101 done");
  });

  test("that can begin together are begun in one commit", async () => {
    const performed = new Performed(async () => DONE);
    await using _actions = performed.actions;
    const { log, clock } = performed;
    for (let n = 0; n < 32; n += 1) log.add(PUBLISH, clock.now());
    performed.actions.start();
    await eventually(() => performed.ends.length === 32);
    expect(log.begins).toBe(2);
  });

  test("begin with the start, not with a commit before it", async () => {
    const performed = new Performed(never);
    const { log, clock } = performed;
    log.add(MAIL, clock.now());
    performed.actions.wake();
    expect(performed.attempts).toEqual([]);
    performed.actions.start();
    expect(performed.attempts).toHaveLength(1);
    expect(performed.ends).toEqual([]);
    await performed.stop();
  });

  test("that a kill has interrupted come before those that were behind them", async () => {
    const performed = new Performed(never);
    const { log, clock } = performed;
    for (let n = 0; n < 20; n += 1) log.add(MAIL, clock.now() + n);
    clock.advance(1_000);
    log.begin([1, 2]);
    performed.actions.start();
    expect(performed.attempts).toMatchObject([
      { key: "store-1", attempt: 2 },
      { key: "store-2", attempt: 2 },
    ]);
    await performed.stop();
  });

  test("that a stop cuts short are tried again at the next start, with the same key", async () => {
    const first = new Performed(never);
    const { log, clock } = first;
    log.add(PUBLISH, clock.now());
    first.actions.start();
    await first.stop();
    expect(first.ends).toEqual([]);
    const second = new Performed(async () => DONE, { log, clock });
    await using _actions = second.actions;
    second.actions.start();
    await eventually(() => second.ends.length === 1);
    expect(second.attempts).toMatchObject([{ key: "store-1", attempt: 2 }]);
  });

  test("a stop lets what ends within a second end", async () => {
    const answer = Promise.withResolvers<typeof DONE>();
    const performed = new Performed(async () => await answer.promise);
    performed.log.add(PUBLISH, performed.clock.now());
    performed.actions.start();
    const stopped = performed.actions[Symbol.asyncDispose]();
    answer.resolve(DONE);
    await stopped;
    expect(performed.ends).toEqual(["1 done"]);
  });

  test.each([
    ["say", ["1 uncertain: Weir was stopped meanwhile"]],
    ["resend", ["1 done"]],
  ] as const)("a mail that was handed over before a kill, with %s", async (whenUncertain, ends) => {
    const log = new MemoryLog();
    const clock = createFakeClock();
    log.add({ ...MAIL, whenUncertain }, clock.now());
    log.begin([1]);
    log.handOver(1);
    const performed = new Performed(async () => DONE, { log, clock });
    await using _actions = performed.actions;
    performed.actions.start();
    await eventually(() => performed.ends.length === 1);
    expect(performed.ends).toEqual(ends);
  });

  test("a performer that throws fails its action, and no other", async () => {
    const performed = new Performed(async ({ key }) => {
      if (key === "store-1") throw new Error("broken");
      return DONE;
    });
    await using _actions = performed.actions;
    performed.log.add(PUBLISH, performed.clock.now());
    performed.log.add(PUBLISH, performed.clock.now());
    performed.actions.start();
    await eventually(() => performed.ends.length === 2);
    expect(performed.ends).toEqual(["1 failed: broken", "2 done"]);
  });

  test("while the disk is full they wait, and are put back when it has room", async () => {
    const performed = new Performed(async ({ attempt }) =>
      attempt === 1 ? { problem: "away", retryInMs: null } : DONE,
    );
    await using _actions = performed.actions;
    const { log, clock } = performed;
    let refusals = 0;
    const refusing = <A extends unknown[]>(write: (...values: A) => void) => {
      let isFirst = true;
      return (...values: A): void => {
        if (isFirst) {
          isFirst = false;
          refusals += 1;
          throw Object.assign(new Error("disk full"), { code: "SQLITE_FULL" });
        }
        write.apply(log, values);
      };
    };
    log.begin = refusing(log.begin);
    log.retry = refusing(log.retry);
    log.add(PUBLISH, clock.now());
    performed.actions.start();
    await eventually(() => {
      clock.advance(1_000);
      return performed.ends.length === 1;
    });
    expect(performed.ends).toEqual(["1 done"]);
    expect(refusals).toBe(2);
    expect(performed.faults).toEqual([]);
  });

  test("a log that is broken ends the service", async () => {
    const performed = new Performed(async () => ({ problem: "away", retryInMs: null }));
    await using _actions = performed.actions;
    performed.log.retry = () => {
      throw new Error("broken");
    };
    performed.log.add(PUBLISH, performed.clock.now());
    performed.actions.start();
    await eventually(() => performed.faults.length === 1);
    expect(performed.faults).toEqual([new Error("broken")]);
  });
});
