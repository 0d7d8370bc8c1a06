import { existsSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { openSegmentedStore, readRange, startSegmentFinalizer } from "@weir/store";
import {
  createFakeClock,
  createTestContext,
  eventually,
  readingAt,
  temporaryFolder,
} from "@weir/testkit";
import { startLogger } from "../src/logger.ts";
import { startArchiving } from "../src/maintenance.ts";
import { testConfigWith } from "./fixture.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 0, 1);

describe("a logger with archive.after", () => {
  test("archives what earlier processes have left", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(START_MS);
    const nowUs = () => clock.now() * 1_000;
    await using broker = await startBroker();
    const home = { filters: ["home/#"], folder: "home", archive: { after: "1h" } };
    const config = testConfigWith({ streams: { home } }, { folder, port: broker.port });
    {
      const at = { folder: folder.file("home"), stream: "home", synchronous: "NORMAL" } as const;
      using store = openSegmentedStore({ ...at, nowUs: nowUs() });
      store.append([readingAt(nowUs(), 7)]);
      for (const _ of [1, 2]) {
        clock.advance(MINUTE_MS);
        store.rotate(nowUs());
      }
    }
    clock.advance(60 * MINUTE_MS);
    await using _logger = await startLogger(config, createTestContext(clock));
    const archive = folder.file("home/2026-01-01/home-20260101T000000.000000Z.parquet");
    await eventually(() => {
      clock.advance(MINUTE_MS);
      return existsSync(archive);
    });
    const place = { kind: "folder", folder: folder.file("home") } as const;
    const pages = await Array.fromAsync(readRange(place));
    expect(pages.flatMap(({ messages }) => messages.map(({ value }) => value))).toEqual([7]);
  });
});

describe("the archive of a stream", () => {
  test("gets segments two days after their end, once the clock has run evenly", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock(START_MS);
    const nowUs = () => clock.now() * 1_000;
    using store = openSegmentedStore({
      folder: folder.path,
      stream: "data",
      synchronous: "NORMAL",
      nowUs: nowUs(),
    });
    store.append([readingAt(nowUs(), 7)]);
    clock.advance(DAY_MS);
    const first = store.rotate(nowUs()).sealed;
    const second = store.rotate(nowUs() + 1).sealed;
    const problems: object[] = [];
    const finished: string[] = [];
    await using finalizer = startSegmentFinalizer({
      clock,
      onFinished: (file) => finished.push(file),
      onUnfinished: (one) => problems.push(one),
    });
    for (const file of store.unfinished()) finalizer.finish(file);
    await eventually(() => finished.length === 2);
    const handedOver: string[] = [];
    using _archiving = startArchiving({
      afterMs: 2 * DAY_MS,
      clockSteadyMs: 5 * MINUTE_MS,
      store,
      finalizer: {
        archive: (file, onArchived) => {
          handedOver.push(file);
          finalizer.archive(file, onArchived);
        },
      },
      clock,
      logger: createTestContext(clock).logger,
    });
    clock.advance(2 * DAY_MS - MINUTE_MS);
    // What a clock says that was set forward just now makes nothing old.
    clock.jump(DAY_MS);
    clock.advance(4 * MINUTE_MS);
    expect(handedOver).toEqual([]);

    clock.advance(3 * MINUTE_MS);
    expect(new Set(handedOver)).toEqual(new Set([first]));
    await eventually(() => store.segments()[0]?.state === "archived");
    expect(problems).toEqual([]);
    expect([first, second].map((file) => existsSync(file))).toEqual([false, true]);
    const pages = await Array.fromAsync(readRange({ kind: "folder", folder: folder.path }));
    expect(pages.flatMap(({ messages }) => messages.map(({ value }) => value))).toEqual([7]);
  });
});
