import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { parseStatistics, type Statistics } from "@weir/protocol";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  type FakeClock,
  NOTHING_CONFIGURED,
  openTestStore,
  readingAt,
  START_US,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { readStatsConfig } from "../src/config.ts";
import { startStats } from "../src/stats.ts";

const START_MS = START_US / 1_000;

function statisticsOf({ received }: TestClient): { statistics: Statistics; retained: boolean }[] {
  return received.flatMap(({ payload, retained }) => {
    const statistics = parseStatistics(payload);
    return statistics === null ? [] : [{ statistics, retained }];
  });
}

/** Moves the clock on by one interval at a time until a check passes. */
async function advanceUntil<T>(clock: FakeClock, check: () => T): Promise<NonNullable<T>> {
  return (await eventually(() => {
    clock.advance(250);
    return check();
  })) as NonNullable<T>;
}

describe("stats", () => {
  test("publishes the averages of what is in the store, under their old names", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "STATS");
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US, 40)]);
    store.append([readingAt(START_US - 100_000_000, 50)]);
    const clock = createFakeClock(START_MS);
    const config = configAt(folder.file("weir.db"), broker.port);
    await using _stats = startStats(config, createTestContext(clock));

    const { statistics } = await advanceUntil(clock, () => statisticsOf(client)[0]);
    expect(Object.keys(statistics).slice(0, 3)).toEqual(["avg_1min", "avg_5min", "avg_30min"]);
    expect(statistics).toMatchObject({ avg_1min: 40, avg_5min: 45, avg_30min: 45, throughId: 2 });
    expect(statistics.windows["5min"]).toMatchObject({ count: 2, min: 40, max: 50 });
  });

  test("publishes a new row within one interval, and again on each slow tick", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "STATS");
    using store = openTestStore(folder.file("weir.db"));
    const clock = createFakeClock(START_MS);
    const context = createTestContext(clock);
    const config = configAt(folder.file("weir.db"), broker.port);
    await using _stats = startStats(config, context);
    await advanceUntil(clock, () => statisticsOf(client)[0]);
    // There is one look at a time, and this one ends with its PUBACK.
    await eventually(async () => /publications_total [1-9]/.test(await context.metrics.metrics()));

    store.append([readingAt(clock.now() * 1_000, 7)]);
    clock.advance(250);
    const { statistics } = await eventually(() => statisticsOf(client)[1]);
    expect(statistics).toMatchObject({ throughId: 1, avg_1min: 7 });
    const again = await advanceUntil(clock, () => statisticsOf(client)[2]);
    expect(again.statistics.at - statistics.at).toBeGreaterThanOrEqual(9);
  });

  test("says null for windows that have emptied themselves", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "STATS");
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US, 7)]);
    const clock = createFakeClock(START_MS);
    const config = configAt(folder.file("weir.db"), broker.port);
    await using _stats = startStats(config, createTestContext(clock));
    await advanceUntil(clock, () => statisticsOf(client)[0]);
    clock.jump(60_000);
    const last = await advanceUntil(clock, () =>
      statisticsOf(client).find(({ statistics }) => statistics.avg_1min === null),
    );
    expect(last.statistics).toMatchObject({ avg_5min: 7, avg_30min: 7 });
  });

  test("leaves its newest statistics at the broker for who comes later", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US, 7)]);
    const clock = createFakeClock(START_MS);
    const context = createTestContext(clock);
    const config = configAt(folder.file("weir.db"), broker.port);
    await using _stats = startStats(config, context);
    await eventually(async () => {
      clock.advance(250);
      return /publications_total [1-9]/.test(await context.metrics.metrics());
    });
    await using client = await connectTestClient(broker.port, "STATS");
    expect(await eventually(() => statisticsOf(client)[0])).toMatchObject({ retained: true });
  });

  test("waits for a store that is not there yet", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const clock = createFakeClock(START_MS);
    const context = createTestContext(clock);
    const file = folder.file("weir.db");
    await using _stats = startStats(configAt(file, broker.port), context);
    await advanceUntil(clock, () => context.health.report().checks.store?.includes("no store"));
    using _store = openTestStore(file);
    await advanceUntil(clock, () => context.health.report().ready);
    expect(context.faults).toEqual([]);
  });
});

function configAt(file: string, port: number) {
  const environment = { BROKER: `127.0.0.1:${port}`, DB_FILE: file, WEIR_FILE: NOTHING_CONFIGURED };
  return readStatsConfig(environment);
}
