import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { BrokerLink } from "@weir/mqtt";
import { Catalogue } from "@weir/series";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { status as statusSchema } from "../../src/contract/status.ts";
import { LatestAverages } from "../../src/live/averages.ts";
import { type Missing, StatusBoard, stateOf } from "../../src/live/status-board.ts";
import { PerformanceReport } from "../../src/sources/logger-performance.ts";
import { LiveSubject, openHome, power } from "./live-subject.ts";

const CONNECTED = { isConnected: true, sinceMs: 1, reason: null };
const AWAY = { isConnected: false, sinceMs: 1, reason: "refused" };
const NOT_TRIED = { isConnected: false, sinceMs: null, reason: null };
const FINE = {
  broker: CONNECTED,
  newestMs: 1,
  behindRows: 0,
  missing: 0,
  isLoggerAway: false,
};

test.each([
  ["stored", FINE],
  ["stored", { ...FINE, missing: null }],
  ["stored", { ...FINE, behindRows: 999 }],
  ["behind", { ...FINE, behindRows: 1_000 }],
  ["broker away", { ...FINE, behindRows: 1_000, broker: AWAY }],
  ["logger away", { ...FINE, behindRows: 1_000, isLoggerAway: true }],
  ["missing", { ...FINE, behindRows: 1_000, broker: AWAY, missing: 1 }],
  ["unknown", { ...FINE, newestMs: null }],
  ["unknown", { ...FINE, broker: NOT_TRIED }],
] as const)("the state is %s for %j", (state, facts) => {
  expect(stateOf(facts)).toBe(state);
});

describe("the status", () => {
  test("has the newest stored row, over HTTP", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([{ ...power(1), receivedUs: START_US + 5_000_000 }]);
    await using subject = await LiveSubject.start(folder);
    const response = await fetch(`${subject.address}/api/v1/status`);
    const answer = statusSchema.parse(await response.json());
    expect(answer).toMatchObject({ state: "stored", newestMs: START_US / 1_000 + 5_000 });
  });

  test("has the rows that the statistics have lacked for half a minute, and what the audit misses", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([power(1)]);
    const indexFile = folder.file("index.db");
    {
      using catalogue = new Catalogue(indexFile);
      catalogue.stream("home").rewind({ ...store.end(), receivedUs: START_US });
      catalogue.save();
    }
    const clock = createFakeClock();
    let missing: Missing | null = null;
    const board = new StatusBoard({
      ...createTestContext(clock),
      link: { onChange: () => {}, state: CONNECTED },
      streams: [{ name: "home", place: { kind: "folder", folder: folder.file("home") } }],
      indexFile,
      lagRows: () => null,
      missing: () => missing,
      performance: { isOverdue: () => false },
    });
    const rows = (seconds: number) =>
      Array.from({ length: 1_000 }, () => ({
        ...power(1),
        receivedUs: START_US + seconds * 1_000_000,
      }));
    store.append(rows(29));
    await board.refresh();
    expect(board.current()).toMatchObject({ state: "stored", behindRows: 0, missing: null });
    store.append(rows(31));
    clock.advance(2_000);
    await board.refresh();
    expect(board.current()).toMatchObject({ state: "behind", behindRows: 2_000 });
    missing = { count: 3, atMs: 4 };
    expect(board.current()).toMatchObject({ state: "missing", missing: 3, auditedMs: 4 });
  });

  test("says that the logger is away when its reports stay away", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([power(1)]);
    const clock = createFakeClock();
    const board = new StatusBoard({
      ...createTestContext(clock),
      link: { onChange: () => {}, state: { ...CONNECTED, sinceMs: clock.now() } },
      streams: [{ name: "home", place: { kind: "folder", folder: folder.file("home") } }],
      indexFile: folder.file("index.db"),
      lagRows: () => null,
      missing: () => null,
      performance: new PerformanceReport(clock, 10_000),
    });
    await board.refresh();
    clock.advance(35_000);
    expect(board.current().state).toBe("stored");
    clock.advance(1);
    expect(board.current().state).toBe("logger away");
  });
});

describe("averages", () => {
  const statistics = (at: number) =>
    JSON.stringify({
      avg_1min: 46,
      avg_5min: 45.5,
      avg_30min: null,
      at,
      throughId: 7,
      lagRows: 5,
      windows: {
        "1min": { count: 2, min: 45, max: 47, ageSeconds: 1 },
        "5min": { count: 2, min: 45, max: 47, ageSeconds: 1 },
        "30min": { count: 0, min: null, max: null, ageSeconds: null },
      },
    });

  test("come from the broker, stay as stale while it is away, and go on when it is back", async () => {
    const context = createTestContext();
    const { clock } = context;
    let broker = await startBroker();
    const { port } = broker;
    const address = { url: `mqtt://127.0.0.1:${port}`, username: null, password: null };
    await using link = new BrokerLink(address, "dashboard", context);
    const options = { link, statsTopic: "STATS", staleAfterSeconds: 60, clock };
    const averages = new LatestAverages(options);
    let changes = 0;
    averages.onChange(() => {
      changes += 1;
    });
    expect(averages.current()).toMatchObject({ atMs: null, isStale: true, avg_1min: null });
    await link.start();
    const publish = async (): Promise<void> => {
      await using client = await connectTestClient(port);
      const payload = statistics(Math.floor(clock.now() / 1_000));
      await client.publish("STATS", payload, { qos: 1, retain: true });
    };
    await publish();
    await eventually(() => !averages.current().isStale);
    expect(averages.current()).toMatchObject({
      avg_1min: 46,
      windows: { "1min": { count: 2, min: 45, max: 47 } },
    });
    expect(averages.lagRows()).toBe(5);

    await broker[Symbol.asyncDispose]();
    await eventually(() => averages.current().isStale);
    expect(averages.current()).toMatchObject({ avg_1min: 46 });
    expect(averages.lagRows()).toBeNull();

    const before = changes;
    broker = await startBroker({ port });
    await eventually(() => link.state.isConnected);
    await publish();
    await eventually(() => !averages.current().isStale);
    expect(changes).toBeGreaterThan(before);
    await broker[Symbol.asyncDispose]();
  });

  test("are stale when they are older than the setting allows", async () => {
    const clock = createFakeClock();
    await using broker = await startBroker();
    const context = createTestContext(clock);
    const address = { url: `mqtt://127.0.0.1:${broker.port}`, username: null, password: null };
    await using link = new BrokerLink(address, "dashboard", context);
    const options = { link, statsTopic: "STATS", staleAfterSeconds: 60, clock };
    const averages = new LatestAverages(options);
    await link.start();
    await using client = await connectTestClient(broker.port);
    const payload = statistics(clock.now() / 1_000);
    await client.publish("STATS", payload, { qos: 1, retain: true });
    await eventually(() => !averages.current().isStale);
    clock.advance(60_000);
    expect(averages.current().isStale).toBe(false);
    clock.advance(1_000);
    expect(averages.current().isStale).toBe(true);
  });
});
