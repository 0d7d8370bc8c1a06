import { writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { Environment } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  openTestStore,
  START_US,
  startStandIn,
  type TemporaryFolder,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { readStatsConfig } from "../src/config.ts";
import { publishedFileOf } from "../src/published-topics.ts";
import { startStats } from "../src/stats.ts";
import { openDevices, stateRow } from "./states.ts";

/** Of the event loop: more than any look in these tests takes. */
const TURNS_OF_A_LOOK = 50;
const TOPICS = ["STATS/kitchen/humidity", "STATS/kitchen/light"];
const NONE = { STATS_SERIES_STREAM: "none" };

let opened: AsyncDisposableStack;
let folder: TemporaryFolder;
let port: number;
let client: TestClient;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  folder = opened.use(temporaryFolder());
  ({ port } = opened.use(await startBroker()));
  client = opened.use(await connectTestClient(port, "STATS/#"));
  opened.use(openTestStore(folder.file("weir.db")));
  const store = opened.use(openDevices(folder.file("devices")));
  store.append([stateRow({ receivedUs: START_US, data: { humidity: 40, light: 7 } })]);
});
afterEach(() => opened.disposeAsync());

/** Starts stats, always on the same store; `advanceUntil` moves its clock until a check passes. */
function start(settings: Environment = {}, to = port) {
  const clock = createFakeClock(START_US / 1_000);
  const config = readStatsConfig({
    BROKER: `127.0.0.1:${to}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: NOTHING_CONFIGURED,
    ...settings,
  });
  const context = createTestContext(clock);
  const stats = startStats(config, context);
  return {
    context,
    advanceUntil: (check: () => unknown) =>
      eventually(async () => {
        clock.advance(250);
        for (let turns = 0; turns < TURNS_OF_A_LOOK; turns += 1) await nextTurn();
        return check();
      }),
    [Symbol.asyncDispose]: () => stats[Symbol.asyncDispose](),
  };
}

/** The topics of series of which something, or nothing, has come since the last call. */
function received(isEmpty: boolean): string[] {
  const found = client.received.filter(
    ({ topic, payload }) => topic !== "STATS" && (payload.length === 0) === isEmpty,
  );
  return [...new Set(found.map(({ topic }) => topic))].sort();
}

/** What a program finds that subscribes now. */
async function retained(): Promise<string[]> {
  await using late = await connectTestClient(port, "STATS/#");
  await late.publish("STATS/end", "", { qos: 1 });
  await eventually(() => late.received.some(({ topic }) => topic === "STATS/end"));
  const found = late.received.filter(({ payload }) => payload.length > 0);
  return found.map(({ topic }) => topic).filter((topic) => topic !== "STATS");
}

async function publishAll(): Promise<void> {
  await using stats = start();
  await stats.advanceUntil(() => received(false).length === TOPICS.length);
}

describe("what is no longer published is taken back from the broker, which need not know an expiry", () => {
  test("after a restart with another series stream, and nothing else is", async () => {
    await publishAll();
    await client.publish("STATS/of/another", "1", { qos: 1, retain: true });
    await using stats = start(NONE);
    await stats.advanceUntil(() => received(true).length === TOPICS.length);
    expect(received(true)).toEqual(TOPICS);
    expect(await retained()).toEqual(["STATS/of/another"]);
  });

  test("after a restart with another STATS_TOPIC, that of the readings included", async () => {
    await publishAll();
    await using others = await connectTestClient(port, "AVERAGES/#");
    await using stats = start({ STATS_TOPIC: "AVERAGES" });
    const gone = () => client.received.filter(({ payload }) => payload.length === 0);
    await stats.advanceUntil(() => gone().length > TOPICS.length);
    expect(
      gone()
        .map(({ topic }) => topic)
        .sort(),
    ).toEqual(["STATS", ...TOPICS]);
    await stats.advanceUntil(() => others.received.length > TOPICS.length);
    expect(await retained()).toEqual([]);
  });

  test("once: another start has nothing to take back", async () => {
    await publishAll();
    {
      await using stats = start(NONE);
      await stats.advanceUntil(() => received(true).length === TOPICS.length);
    }
    client.received.length = 0;
    await using stats = start(NONE);
    await stats.advanceUntil(() => client.received.some(({ topic }) => topic === "STATS"));
    await stats.advanceUntil(() => stats.context.health.report().ready);
    expect(received(true)).toEqual([]);
  });

  test("also where the broker's answers never came, as after a kill", async () => {
    // The process ends as if it were killed right after its publications.
    await using away = await startStandIn({
      publish: ({ topic, messageId = 0 }, peer) => {
        if (topic === "STATS") peer.send({ cmd: "puback", messageId });
      },
    });
    {
      await using stats = start({}, away.port);
      const sent = () => away.peers.at(-1)?.received.filter(({ cmd }) => cmd === "publish") ?? [];
      await stats.advanceUntil(() => sent().length > TOPICS.length);
      away.peers.at(-1)?.socket.destroy();
    }
    await using stats = start(NONE);
    await stats.advanceUntil(() => received(true).length === TOPICS.length);
    expect(received(true)).toEqual(TOPICS);
  });

  test("and what is published again stays", async () => {
    await publishAll();
    {
      await using stats = start(NONE);
      await stats.advanceUntil(() => received(true).length === TOPICS.length);
    }
    client.received.length = 0;
    await publishAll();
    expect(received(true)).toEqual([]);
    expect((await retained()).sort()).toEqual(TOPICS);
    client.received.length = 0;
    await using stats = start(NONE);
    await stats.advanceUntil(() => received(true).length === TOPICS.length);
  });

  test("unless the file that remembers it is damaged: then stats goes on without", async () => {
    writeFileSync(
      publishedFileOf(folder.file("weir.db")),
      "no database, but long enough for one".repeat(99),
    );
    await publishAll();
    await using stats = start(NONE);
    await stats.advanceUntil(() => received(true).length === TOPICS.length);
  });
});
