import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { type Broker, startBroker } from "@weir/broker";
import { parseStatistics } from "@weir/protocol";
import type { Environment } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  openTestStore,
  START_US,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { readStatsConfig } from "../src/config.ts";
import { startStats } from "../src/stats.ts";
import { openDevices, SECOND_US, stateRow } from "./states.ts";

const START_MS = START_US / 1_000;
/** Of the event loop: more than any look in these tests takes. */
const TURNS_OF_A_LOOK = 50;

/** stats beside a broker and a store, with a clock that a test moves. */
async function startSubject(
  folder: ReturnType<typeof temporaryFolder>,
  settings: Environment = {},
) {
  await using opening = new AsyncDisposableStack();
  const broker: Broker = opening.use(await startBroker());
  const client: TestClient = opening.use(await connectTestClient(broker.port, "STATS/#"));
  opening.use(openTestStore(folder.file("weir.db")));
  const clock = createFakeClock(START_MS);
  const context = createTestContext(clock);
  const config = readStatsConfig({
    BROKER: `127.0.0.1:${broker.port}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: NOTHING_CONFIGURED,
    ...settings,
  });
  opening.use(startStats(config, context));
  const opened = opening.move();
  return {
    broker,
    clock,
    context,
    folder: folder.file("devices"),
    /** What has come for series, oldest first. */
    received: () =>
      client.received
        .filter(({ topic }) => topic !== "STATS")
        .map(({ topic, payload }) => ({ topic, statistics: parseStatistics(payload), payload })),
    /** Moves the clock on by a quarter of a second at a time until a check passes. */
    advanceUntil: <T>(check: () => T | Promise<T>) =>
      eventually(async () => {
        clock.advance(250);
        // The look that is due now is over before the next one is.
        for (let turns = 0; turns < TURNS_OF_A_LOOK; turns += 1) await nextTurn();
        return await check();
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

describe("the statistics of devices' attributes", () => {
  test("come on their own topic, with the payload of STATS", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder);
    using store = openDevices(subject.folder);
    store.append([
      stateRow({ receivedUs: START_US - 100 * SECOND_US, data: { humidity: 50 } }),
      stateRow({ receivedUs: START_US, data: { humidity: 40 } }),
    ]);
    const { topic, statistics } = await subject.advanceUntil(() => subject.received()[0]);
    expect(topic).toBe("STATS/kitchen/humidity");
    expect(statistics).toMatchObject({ avg_1min: 40, avg_5min: 45, avg_30min: 45, throughId: 2 });
    expect(statistics?.windows["30min"]).toMatchObject({ count: 2, min: 40, max: 50 });
  });

  test("report a new state within a second", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder);
    using store = openDevices(subject.folder);
    store.append([stateRow({ receivedUs: START_US, data: { humidity: 40 } })]);
    await subject.advanceUntil(() => subject.received()[0]);
    const receivedUs = subject.clock.now() * 1_000;
    store.append([stateRow({ receivedUs, data: { humidity: 60 } })]);
    const { statistics } = await subject.advanceUntil(() => subject.received()[1]);
    expect(statistics).toMatchObject({ avg_1min: 50, throughId: 2 });
    expect((statistics?.at ?? 0) - receivedUs / SECOND_US).toBeLessThanOrEqual(1.25);
  });

  test("keep to their rate, and each gets its turn", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder, { STATS_SERIES_RATE_MAX: "4" });
    using store = openDevices(subject.folder);
    const data = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`a${index}`, index]));
    store.append([stateRow({ receivedUs: START_US, data })]);
    await subject.advanceUntil(() => subject.received().length >= 20);
    const first20 = subject.received().slice(0, 20);
    expect(new Set(first20.map(({ topic }) => topic)).size).toBe(20);
    // Two at once, and 18 more take 4.5 s; they name the second in which they were published.
    const [firstAt, lastAt] = [first20[0], first20.at(-1)].map((one) => one?.statistics?.at ?? 0);
    expect((lastAt ?? 0) - (firstAt ?? 0)).toBeGreaterThanOrEqual(4);
  });

  test("leave stats ready where there are no devices", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder);
    await subject.advanceUntil(() => subject.context.health.report().ready);
    expect(subject.context.health.report().checks.series).toBe("ok");
    expect(subject.context.faults).toEqual([]);
  });

  test("are taken back from the broker when a device has been silent for long", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder);
    using store = openDevices(subject.folder);
    store.append([stateRow({ receivedUs: START_US, data: { humidity: 40 } })]);
    await subject.advanceUntil(() => subject.received()[0]);
    subject.clock.advance(1_930_000);
    await subject.advanceUntil(() => subject.received().at(-1)?.payload.length === 0);
    await using later = await connectTestClient(subject.broker.port, "STATS/kitchen/humidity");
    await later.publish("STATS/kitchen/humidity", "behind it", { qos: 1 });
    await eventually(() => later.received.length > 0);
    expect(later.received.map(({ payload }) => payload.toString())).toEqual(["behind it"]);
    expect(await subject.context.metrics.metrics()).toMatch(/^weir_stats_series 0$/m);
  });

  test("are counted in /metrics, and so is who was turned away", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder, { STATS_SERIES_MAX: "2" });
    using store = openDevices(subject.folder);
    store.append([stateRow({ receivedUs: START_US, data: { a: 1, b: 2, c: 3 } })]);
    await subject.advanceUntil(() => subject.received().length === 2);
    const metrics = await subject.context.metrics.metrics();
    expect(metrics).toMatch(/^weir_stats_series 2$/m);
    expect(metrics).toMatch(/^weir_stats_series_readings_total 2$/m);
    expect(metrics).toMatch(/^weir_stats_series_turned_away_total 1$/m);
  });
});

describe("the setting STATS_SERIES_STREAM", () => {
  const read = (settings: Environment) =>
    readStatsConfig({ DB_FILE: "data/weir.db", WEIR_FILE: NOTHING_CONFIGURED, ...settings }).series;

  const published = (settings: Environment) =>
    read(settings)
      .streams.filter(({ topicOf }) => topicOf !== null)
      .map(({ name, place }) => ({ name, place }));

  test("is the stream devices by default, beside the store", () => {
    const place = { kind: "folder", folder: "data/devices" };
    expect(published({})).toEqual([{ name: "devices", place }]);
  });

  test("switches the statistics of devices off", () => {
    expect(published({ STATS_SERIES_STREAM: "none" })).toEqual([]);
  });

  test.each([
    ["absent", "is not a stream; the streams are data, devices, or none"],
    ["data", "is one file, which STATS follows"],
  ])("cannot be %s", (name, problem) => {
    expect(() => read({ STATS_SERIES_STREAM: name })).toThrow(problem);
  });

  test("has the broker keep what is renewed last in the longest turn", () => {
    expect(read({}).pace.expirySeconds).toBe(120);
    expect(read({ STATS_SERIES_MAX: "100" })?.pace.expirySeconds).toBe(30);
  });
});
