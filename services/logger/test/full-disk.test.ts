import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { openReader, openStore } from "@weir/store";
import {
  canMountSmallDisk,
  createFakeClock,
  createTestContext,
  eventually,
  mountSmallDisk,
  openTestStore,
  readingAt,
  type SmallDisk,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { startLogger } from "../src/logger.ts";
import { startRetention } from "../src/retention.ts";
import { testConfig, testConfigWith } from "./fixture.ts";

const KIB = 1_024;
const MINUTE_MS = 60_000;
const old = Array.from({ length: 1_000 }, (_, index) => readingAt(START_US, index));

(canMountSmallDisk() ? describe : describe.skip)("on a full disk", () => {
  const config = {
    ageMs: 35 * MINUTE_MS,
    bytesMax: null,
    freeDiskBytesMin: null,
    skewUs: 0,
    intervalMs: 60 * MINUTE_MS,
    rowsMax: 50_000,
    clockSteadyMs: 2 * MINUTE_MS,
  };

  function start(disk: SmallDisk, { isFull, nowMs }: { isFull: boolean; nowMs: number }) {
    const file = join(disk.path, "weir.db");
    const options = {
      ...{ file, stream: "data", legacyTopic: "DATA", synchronous: "FULL" as const },
      ...{ nowUs: START_US, skewUs: 0, ballastBytes: 256 * KIB },
    };
    const opened = new AsyncDisposableStack();
    const filled = openStore(options);
    filled.append(old);
    filled[Symbol.dispose]();
    if (isFull) disk.fillBut(0);
    const store = opened.use(openStore(options));
    const clock = createFakeClock(nowMs);
    const { logger, fail, faults } = createTestContext(clock);
    const retention = opened.use(
      startRetention(config, {
        store,
        clock,
        logger,
        onPruned: () => {},
        untilUnlocked: async () => {},
        onFault: fail,
      }),
    );
    let isOver = false;
    void retention.mayStore.then(() => {
      isOver = true;
    });
    return { store, clock, faults, isOver: () => isOver, opened };
  }

  test("intake waits until the clock can be believed and what is due has gone", async () => {
    using disk = mountSmallDisk();
    const started = start(disk, { isFull: true, nowMs: START_US / 1_000 + 60 * MINUTE_MS });
    await using _opened = started.opened;
    started.clock.advance(2 * MINUTE_MS - 1);
    await Promise.resolve();
    expect(started.isOver()).toBe(false);
    expect(started.store.size().rows).toBe(1_000);
    started.clock.advance(2_000);
    await eventually(started.isOver);
    expect(started.store.size().rows).toBe(0);
    expect(started.store.append(old.slice(0, 100)).lastId).toBe(1_100);
    expect(started.faults).toEqual([]);
  });

  test("intake begins, and ends by its first commit, when nothing is due", async () => {
    using disk = mountSmallDisk();
    const started = start(disk, { isFull: true, nowMs: START_US / 1_000 });
    await using _opened = started.opened;
    started.clock.advance(2 * MINUTE_MS + 1_000);
    await eventually(started.isOver);
    expect(started.faults).toEqual([]);
    expect(() => started.store.append(old)).toThrow(/nothing of it was acknowledged/);
  });

  test("intake begins as soon as there is space", async () => {
    using disk = mountSmallDisk();
    const started = start(disk, { isFull: true, nowMs: START_US / 1_000 });
    await using _opened = started.opened;
    disk.free();
    started.clock.advance(1_000);
    await eventually(started.isOver);
  });

  test("nothing waits where there is space", async () => {
    using disk = mountSmallDisk();
    const started = start(disk, { isFull: false, nowMs: START_US / 1_000 });
    await using _opened = started.opened;
    await eventually(started.isOver);
  });

  test("the logger stores messages once retention has run in its streams", async () => {
    using disk = mountSmallDisk();
    const file = join(disk.path, "weir.db");
    await using broker = await startBroker();
    {
      using store = openTestStore(file);
      store.append(old);
    }
    const clock = createFakeClock(START_US / 1_000 + 60 * MINUTE_MS);
    // The disk is too small for any ballast: it is always short.
    const { health, ...context } = createTestContext(clock);
    const starting = startLogger(testConfig({ file, port: broker.port }), { ...context, health });
    let isStarted = false;
    void starting.then(() => {
      isStarted = true;
    });
    await eventually(() => health.report().checks.stores?.includes("full disk"));
    await eventually(() => {
      clock.advance(1_000);
      return isStarted;
    });
    await using _logger = await starting;
    expect(health.report().checks.stores).toBe("ok");
    expect(clock.monotonic()).toBeGreaterThanOrEqual(2 * MINUTE_MS);
    using reader = openReader(file);
    expect(reader?.firstId()).toBe(old.length + 1);
  });

  test("a stop ends a reload that waits for the retention of a new stream, and nothing is connected after it", async () => {
    using disk = mountSmallDisk();
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const at = { folder, port: broker.port };
    const context = createTestContext(createFakeClock(START_US / 1_000));
    const logger = await startLogger(testConfigWith({}, at), context);
    const archive = { filters: ["archive/#"], broker: "second", folder: disk.path };
    const second = { url: `mqtt://127.0.0.1:${broker.port}` };
    const changed = testConfigWith({ brokers: { second }, streams: { archive } }, at);
    const reloading = logger.reload?.(changed);
    // It is locked by who has it open.
    await eventually(() => existsSync(join(disk.path, "stream.lock")));
    await logger[Symbol.asyncDispose]();
    await reloading;
    expect(Object.keys(context.health.report().checks)).toEqual(["locks", "stores", "broker"]);
    expect(context.faults).toEqual([]);
  });
});
