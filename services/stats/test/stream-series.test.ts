import { writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { parseStatistics } from "@weir/protocol";
import { readCatalogue } from "@weir/series";
import { openSegmentedStore } from "@weir/store";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  openTestStore,
  rowOf,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { readStatsConfig } from "../src/config.ts";
import { startStats } from "../src/stats.ts";
import { SECOND_US } from "./states.ts";

/** Of the event loop: more than any look in these tests takes. */
const TURNS_OF_A_LOOK = 50;

/** stats beside a broker and a stream `home`, as weir.yaml describes it. */
async function startSubject(folder: ReturnType<typeof temporaryFolder>, home: string) {
  await using opening = new AsyncDisposableStack();
  const broker = opening.use(await startBroker());
  const client = opening.use(await connectTestClient(broker.port, "STATS/#"));
  opening.use(openTestStore(folder.file("weir.db")));
  const store = opening.use(
    openSegmentedStore({
      folder: folder.file("home"),
      stream: "home",
      synchronous: "NORMAL",
      nowUs: START_US,
    }),
  );
  writeFileSync(folder.file("weir.yaml"), `streams:\n  home: ${home}\n`);
  const clock = createFakeClock(START_US / 1_000);
  const context = createTestContext(clock);
  const readConfig = () =>
    readStatsConfig({
      BROKER: `127.0.0.1:${broker.port}`,
      DB_FILE: folder.file("weir.db"),
      WEIR_FILE: folder.file("weir.yaml"),
    });
  const stats = opening.use(startStats(readConfig(), context));
  const opened = opening.move();
  return {
    context,
    /** As SIGHUP does. */
    reload: async (changed: string) => {
      writeFileSync(folder.file("weir.yaml"), `streams:\n  home: ${changed}\n`);
      await stats.reload?.(readConfig());
    },
    append: (topic: string, payload: string, receivedUs: number) =>
      store.append([
        {
          ...rowOf("{}", receivedUs),
          topic,
          payload: Buffer.from(payload),
          value: null,
          observedUs: null,
        },
      ]),
    /** The newest statistics by topic. */
    received: () =>
      new Map(
        client.received
          .filter(({ topic }) => topic !== "STATS")
          .map(({ topic, payload }) => [topic, parseStatistics(payload)]),
      ),
    advanceUntil: <T>(check: () => T | Promise<T>) =>
      eventually(async () => {
        clock.advance(250);
        for (let turns = 0; turns < TURNS_OF_A_LOOK; turns += 1) await nextTurn();
        return await check();
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const at = (seconds: number): number => START_US + seconds * SECOND_US;

describe("the series of a stream", () => {
  test("have statistics on their own topics where the stream asks for them", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder, "{ filters: [home/#], statistics: true }");
    subject.append("home/meter", '{"power":100,"phases":{"L1/a":3}}', at(-20));
    subject.append("home/meter", '{"power":200}', at(-10));
    subject.append("home/temperature", "21.5", at(-5));
    const received = await subject.advanceUntil(() => {
      const found = subject.received();
      return found.size === 3 && found;
    });
    expect(received.get("STATS/home:home/meter/power")).toMatchObject({
      avg_1min: 150,
      throughId: 2,
    });
    expect(received.get("STATS/home:home/meter/phases.L1%2Fa")).toMatchObject({ avg_1min: 3 });
    expect(received.get("STATS/home:home/temperature/-")).toMatchObject({ avg_1min: 21.5 });
  });

  test("say what fits their kind: the increase of a counter, the share of a state", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(
      folder,
      "{ filters: [home/#], statistics: true, series: [{ path: total, kind: counter, unit: kWh }, { path: relay }] }",
    );
    // The meter is replaced: it begins again at 0.
    for (const [second, total] of [
      [-40, 990],
      [-30, 1_000],
      [-20, 2],
      [-10, 5],
    ] as const) {
      subject.append("home/meter", JSON.stringify({ total, ignored: 7 }), at(second));
    }
    subject.append("home/meter", '{"relay":"ON"}', at(-40));
    subject.append("home/meter", '{"relay":"OFF"}', at(-20));
    const received = await subject.advanceUntil(() => {
      const found = subject.received();
      return found.size === 2 && found;
    });
    const total = received.get("STATS/home:home/meter/total");
    expect(total?.windows["1min"]).toMatchObject({ count: 4, increase: 15 });
    const relay = received.get("STATS/home:home/meter/relay");
    const { at: second = 0 } = relay ?? {};
    // On for 20 s of the time since its first point.
    expect(relay?.windows["1min"]).toMatchObject({
      transitions: 1,
      share: 20 / (second + 1 - at(-40) / SECOND_US),
    });
  });

  test("are in the catalogue, with statistics or without", async () => {
    using folder = temporaryFolder();
    {
      await using subject = await startSubject(folder, "{ filters: [home/#] }");
      subject.append("home/meter", '{"power":100}', at(-20));
      await subject.advanceUntil(() => subject.context.health.report().checks.series === "ok");
      expect(subject.received().size).toBe(0);
    }
    expect(readCatalogue(folder.file("index.db"))).toMatchObject([
      { stream: "home", topic: "home/meter", path: "power", newestValue: 100, newestUs: at(-20) },
    ]);
  });

  test("follow weir.yaml when it is read again, and take back what is no longer published", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder, "{ filters: [home/#] }");
    subject.append("home/meter", '{"power":100}', at(-20));
    await subject.advanceUntil(() => subject.context.health.report().checks.series === "ok");
    await subject.reload("{ filters: [home/#], statistics: true }");
    const topic = "STATS/home:home/meter/power";
    await subject.advanceUntil(() => subject.received().get(topic)?.avg_1min === 100);
    await subject.reload("{ filters: [home/#], statistics: false }");
    // An empty message removes what the broker had retained.
    await subject.advanceUntil(() => subject.received().get(topic) === null);
    const metrics = () => subject.context.metrics.metrics();
    expect(await metrics()).toContain('weir_series{stream="home"} 1');
    await subject.reload("{ filters: [home/#], series: off }");
    await subject.advanceUntil(async () => !(await metrics()).includes('stream="home"'));
  });

  test("are none where the stream has none", async () => {
    using folder = temporaryFolder();
    {
      await using subject = await startSubject(folder, "{ filters: [home/#], series: off }");
      subject.append("home/meter", '{"power":100}', at(-20));
      await subject.advanceUntil(() => subject.context.health.report().checks.series === "ok");
    }
    expect(readCatalogue(folder.file("index.db"))).toEqual([]);
  });

  test("have statistics on topics that every broker takes, and none of statistics", async () => {
    using folder = temporaryFolder();
    await using subject = await startSubject(folder, '{ filters: ["#"], statistics: true }');
    subject.append("STATS/home:home/meter/power", '{"avg_1min":100}', at(-20));
    subject.append("STATS", '{"avg_1min":100}', at(-20));
    subject.append("a/".repeat(200), "1", at(-20));
    subject.append("home/a\u0001b", JSON.stringify({ "\u001b[2J": 1 }), at(-10));
    const received = await subject.advanceUntil(() => {
      const found = subject.received();
      return found.size > 0 && found;
    });
    expect([...received.keys()]).toEqual(["STATS/home:home/a%01b/['%1B[2J']"]);
  });

  test("are kept while index.db is locked, and saved when it is free again", async () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    await using subject = await startSubject(folder, "{ filters: [home/#] }");
    const checks = () => subject.context.health.report().checks;
    await subject.advanceUntil(() => checks().series === "ok");
    const other = new Sqlite(file);
    other.exec("BEGIN IMMEDIATE");
    subject.append("home/meter", '{"power":100}', at(-20));
    await subject.advanceUntil(() => checks().catalogue?.includes("cannot be saved"));
    expect(subject.context.faults).toEqual([]);
    other.close();
    await subject.advanceUntil(() => checks().catalogue === "ok");
    expect(readCatalogue(file)).toMatchObject([{ path: "power", newestValue: 100 }]);
  });
});
