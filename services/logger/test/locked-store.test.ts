import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { startHttpServer } from "@weir/runtime";
import { openReader, openSegmentedStore } from "@weir/store";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  lockByAnother,
  openTestStore,
  readingAt,
  START_US,
  type TestContext,
  temporaryFolder,
} from "@weir/testkit";
import { LockWaits } from "../src/lock-waits.ts";
import { startLogger } from "../src/logger.ts";
import { startRotation } from "../src/maintenance.ts";
import { type Removed, startRetention } from "../src/retention.ts";
import {
  readingOf,
  rowsIn,
  startReady,
  storedValues,
  testConfig,
  testConfigWith,
} from "./fixture.ts";

const QOS_1 = { qos: 1 } as const;
const WAITING = /a write transaction open on the store of data/;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

/** What an HTTP client sees. */
async function openHttp({ health, metrics, routes }: TestContext) {
  const http = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    health,
    metrics,
    routes,
    portSetting: "",
  });
  return {
    ask: async (path: string) => await (await fetch(`http://127.0.0.1:${http.port}${path}`)).text(),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

describe("a store that another program has a write transaction open on", () => {
  test("is waited for: HTTP is answered, nothing is acknowledged, and later all is there once", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const file = folder.file("weir.db");
    await using logger = await startReady(testConfig({ file, port: broker.port }));
    await using http = await openHttp(logger.context);
    await using publisher = await connectTestClient(broker.port);
    const publish = async (numbers: readonly number[]) => {
      for (const number of numbers) await publisher.publish("DATA", readingOf(number), QOS_1);
    };
    await publish(upTo(20));
    await storedValues(file, 20);

    {
      await using _lock = await lockByAnother(file);
      await publish(upTo(60).slice(20));
      await eventually(async () => WAITING.test(await http.ask("/readyz")));
      for (const _ of upTo(5)) expect(await http.ask("/healthz")).toBe("ok\n");
      expect(await http.ask("/metrics")).toContain('weir_logger_waits_for_lock{stream="data"} 1');
      using reader = openReader(file);
      expect(reader?.state().lastId).toBe(20);
    }
    expect((await storedValues(file, 60)).toSorted((a, b) => a - b)).toEqual(upTo(60));
    await eventually(async () => JSON.parse(await http.ask("/readyz")).ready);
    expect(await http.ask("/metrics")).toContain('weir_logger_waits_for_lock{stream="data"} 0');
    await publish([60]);
    expect((await storedValues(file, 61)).at(-1)).toBe(60);
    expect(logger.context.faults).toEqual([]);
  });

  test("keeps a message out of the other streams that take it, so that none stores it twice", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const streams = {
      devices: { enabled: false },
      other: { filters: ["DATA", "else"], folder: folder.file("other") },
    };
    const config = testConfigWith({ streams }, { folder, port: broker.port });
    await using logger = await startReady(config);
    await using publisher = await connectTestClient(broker.port);
    {
      await using _lock = await lockByAnother(config.file);
      for (const number of upTo(10)) await publisher.publish("DATA", readingOf(number), QOS_1);
      await eventually(() => WAITING.test(logger.context.health.report().checks.locks ?? ""));
    }
    expect(await storedValues(config.file, 10)).toHaveLength(10);
    await publisher.publish("else", "sentinel", QOS_1);
    const rows = await eventually(async () => {
      const found = await rowsIn(folder.file("other"), 1);
      return found.some(({ topic }) => topic === "else") && found;
    });
    expect(rows).toHaveLength(11);
    expect(logger.context.faults).toEqual([]);
  });

  test("is opened when it is no longer locked", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
    openTestStore(config.file)[Symbol.dispose]();
    const context = createTestContext();
    // What an earlier version has written is brought up to date, which is a commit.
    const lock = await lockByAnother(config.file, "DELETE FROM outcomes");
    const starting = startLogger(config, context);
    await eventually(() => WAITING.test(context.health.report().checks.locks ?? ""));
    await lock[Symbol.asyncDispose]();
    await using _logger = await starting;
    await eventually(() => context.health.report().ready);
  });

  test("is pruned when it is no longer locked", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(START_US / 1_000);
    const { logger, health } = createTestContext(clock);
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US)]);
    const check = health.check("locks");
    using locks = new LockWaits({ clock, logger, check });
    const removed: Removed[] = [];
    const faults: unknown[] = [];
    await using _retention = startRetention(
      {
        ...{ ageMs: 60_000, bytesMax: null, freeDiskBytesMin: null },
        ...{ skewUs: 0, intervalMs: 1_000, rowsMax: 10, clockSteadyMs: 0 },
      },
      {
        ...{ store, clock, logger },
        untilUnlocked: () => locks.untilFree("data", store.isLocked),
        onPruned: (one) => removed.push(one),
        onFault: (fault) => faults.push(fault),
      },
    );
    {
      await using _lock = await lockByAnother(folder.file("weir.db"));
      clock.advance(62_000);
      await eventually(() => WAITING.test(health.report().checks.locks ?? ""));
      expect(removed).toEqual([]);
    }
    await eventually(() => {
      clock.advance(100);
      return removed.length === 1;
    });
    expect([removed, faults, health.report().ready]).toEqual([[{ rows: 1, files: 0 }], [], true]);
  });

  test("is rotated when it is no longer locked", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(START_US / 1_000);
    const { logger } = createTestContext(clock);
    const errors: unknown[] = [];
    logger.error = (details: unknown) => errors.push(details);
    const nowUs = clock.now() * 1_000;
    const options = { folder: folder.path, stream: "data", synchronous: "NORMAL", nowUs } as const;
    using store = openSegmentedStore(options);
    const counts = { rotations: 0, failedRotations: 0 };
    const finalizer = { finish: () => {} };
    using _rotation = startRotation({ periodMs: 60_000, store, finalizer, clock, logger, counts });
    const first = store.liveFile();
    {
      await using _lock = await lockByAnother(store.liveFile());
      clock.advance(63_000);
      expect(counts).toMatchObject({ rotations: 0, failedRotations: errors.length });
      expect(errors[0]).toMatchObject({ remedy: expect.stringContaining("write transaction") });
    }
    clock.advance(1_000);
    expect(counts.rotations).toBe(1);
    expect(store.liveFile()).not.toBe(first);
    expect(store.append([readingAt(START_US)]).filed).toEqual(["unsequenced"]);
  });

  test("is given up at once where that program is another logger, for it does not end by itself", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
    await using _logger = await startReady(config);
    const context = createTestContext();
    await expect(startLogger(config, context)).rejects.toMatchObject({ exitCode: 75 });
  });
});
