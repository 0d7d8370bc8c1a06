import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  connectTestClient,
  createTestContext,
  eventually,
  freePort,
  temporaryFolder,
} from "@weir/testkit";
import { startLogger } from "../src/logger.ts";
import { readingOf, startReady, storedValues, testConfig } from "./fixture.ts";

const AT_LEAST_ONCE = { qos: 1 } as const;

describe("the logger", () => {
  test("stores each message of its topic", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const file = folder.file("weir.db");
    await using _logger = await startReady(testConfig({ file, port: broker.port }));
    await using publisher = await connectTestClient(broker.port);
    for (const number of [1, 2, 3]) {
      await publisher.publish("DATA", readingOf(number), AT_LEAST_ONCE);
    }
    expect(await storedValues(file, 3)).toEqual([1, 2, 3]);
  });

  test("finds what was published while it was away", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
    const first = await startReady(config);
    await first[Symbol.asyncDispose]();

    await using publisher = await connectTestClient(broker.port);
    await publisher.publish("DATA", readingOf(7), AT_LEAST_ONCE);
    await using _logger = await startReady(config);
    expect(await storedValues(config.file, 1)).toEqual([7]);
  });

  test("stores its open batch when it stops", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const config = testConfig({ file: folder.file("weir.db"), port: broker.port });
    const logger = await startReady(config);
    await using publisher = await connectTestClient(broker.port);
    const sent = Array.from({ length: 200 }, (_, number) => number);
    const publications = sent.map((number) =>
      publisher.publish("DATA", readingOf(number), AT_LEAST_ONCE),
    );
    await publications[0];
    await logger[Symbol.asyncDispose]();
    await Promise.all(publications);
    expect(logger.context.faults).toEqual([]);

    await using _logger = await startReady(config);
    const values = await storedValues(config.file, sent.length);
    expect(new Set(values)).toEqual(new Set(sent));
  });

  test("stores rubbish between good messages, marks it and continues", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const file = folder.file("weir.db");
    await using logger = await startReady(testConfig({ file, port: broker.port }));
    const { context } = logger;
    await using publisher = await connectTestClient(broker.port);
    const rubbish = ["", "{", "[".repeat(10_000), '{"number":NaN}', '{"__proto__":{"number":1}}'];
    for (const payload of [readingOf(1), ...rubbish, readingOf(2)]) {
      await publisher.publish("DATA", payload, AT_LEAST_ONCE);
    }
    expect(await storedValues(file, 7)).toEqual([1, 2]);
    const metrics = await context.metrics.metrics();
    for (const [kind, reason, count] of [
      ["rejected", "not JSON", 2],
      ["rejected", "number unreadable", 1],
      ["deletion", "empty message", 1],
    ]) {
      expect(metrics).toContain(
        `weir_logger_rows_total{stream="data",kind="${kind}",reason="${reason}"} ${count}`,
      );
    }
    expect(context.faults).toEqual([]);
  });

  test("leaves no subscription of an earlier configuration in its session", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const file = folder.file("weir.db");
    const before = await startReady(testConfig({ file, port: broker.port }));
    await before[Symbol.asyncDispose]();

    const environment = { TOPIC: "OTHER" };
    await using logger = await startReady(testConfig({ file, port: broker.port, environment }));
    const { context } = logger;
    await using publisher = await connectTestClient(broker.port);
    await publisher.publish("DATA", readingOf(1), AT_LEAST_ONCE);
    await publisher.publish("OTHER", readingOf(2), AT_LEAST_ONCE);
    expect(await storedValues(file, 1)).toEqual([2]);
    expect(await context.metrics.metrics()).toContain("weir_logger_unmatched_total 0");
  });

  test("is not ready while there is no broker, and is once there is one", async () => {
    using folder = temporaryFolder();
    const port = await freePort();
    const context = createTestContext();
    await using _logger = await startLogger(
      testConfig({ file: folder.file("weir.db"), port }),
      context,
    );
    await eventually(() => context.health.report().checks.broker?.includes("ECONNREFUSED"));
    await using _broker = await startBroker({ port });
    await eventually(() => context.health.report().ready);
  });
});
