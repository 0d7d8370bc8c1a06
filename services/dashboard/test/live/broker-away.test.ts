import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { BrokerLink } from "@weir/mqtt";
import { connectTestClient, createTestContext, eventually, temporaryFolder } from "@weir/testkit";
import { readDashboardConfig } from "../../src/config.ts";
import { buildServer } from "../../src/http/server.ts";
import { openLive } from "../../src/live/open-live.ts";
import { liveRoutes } from "../../src/routes/live.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { PerformanceReport } from "../../src/sources/logger-performance.ts";
import { LiveClient } from "./live-client.ts";
import { NO_WORKFLOWS, openHome, POWER, power } from "./live-subject.ts";

const STATISTICS = JSON.stringify({
  avg_1min: 46,
  avg_5min: 46,
  avg_30min: 46,
  at: Math.floor(Date.now() / 1_000),
  throughId: 1,
  lagRows: 0,
  windows: Object.fromEntries(
    ["1min", "5min", "30min"].map((name) => [name, { count: 1, min: 46, max: 46, ageSeconds: 0 }]),
  ),
});

test("a page goes on with what is stored while the broker is away, says so, and recovers", async () => {
  using folder = temporaryFolder();
  using store = openHome(folder);
  store.append([power(1)]);
  let broker = await startBroker();
  const { port } = broker;
  writeFileSync(
    folder.file("weir.yaml"),
    JSON.stringify({ streams: { home: { filters: ["meter"], folder: folder.file("home") } } }),
  );
  const config = readDashboardConfig({
    BROKER: `127.0.0.1:${port}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: folder.file("weir.yaml"),
  });
  const context = createTestContext();
  await using link = new BrokerLink(config.broker, "dashboard", context);
  const performance = new PerformanceReport(context.clock, 10_000);
  const workflows = NO_WORKFLOWS;
  const sources = {
    link,
    missing: () => null,
    performance,
    devices: null,
    workflows,
    version: "test",
  };
  const { live } = openLive(config, context, sources);
  await using server = await buildServer(context.logger, "test");
  const catalogue = new SeriesCatalogue(config.indexFile, context);
  liveRoutes(server, { live, catalogue, streams: ["home"] });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  await link.start();
  const publish = async (): Promise<void> => {
    await using client = await connectTestClient(port);
    await client.publish("STATS", STATISTICS, { qos: 1, retain: true });
  };
  await publish();

  await using page = await LiveClient.open(address, { series: POWER });
  const state = () => page.of("status").at(-1)?.state;
  const averages = () => page.of("averages").at(-1);
  await eventually(() => state() === "stored" && averages()?.isStale === false);

  await broker[Symbol.asyncDispose]();
  await eventually(() => state() === "broker away" && averages()?.isStale === true);
  expect(averages()).toMatchObject({ avg_1min: 46 });
  store.append([power(2)]);
  await eventually(() => page.values().length === 1);

  broker = await startBroker({ port });
  await eventually(() => state() === "stored");
  await publish();
  await eventually(() => averages()?.isStale === false);
  store.append([power(3)]);
  await eventually(() => page.values().length === 2);
  expect(page.values()).toEqual([2, 3]);
  expect(page.of("status").find((one) => one.state === "broker away")?.broker).toMatchObject({
    isConnected: false,
    reason: expect.any(String),
  });
  await broker[Symbol.asyncDispose]();
});
