import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  freePort,
  type TemporaryFolder,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { type PublisherConfig, readPublisherConfig } from "../src/config.ts";
import { startPublisher } from "../src/publisher.ts";

function readingsOf({ received }: TestClient): { number: number; epochtime: string }[] {
  return received.map(({ payload }) => JSON.parse(payload.toString()));
}

function configAt(
  port: number,
  folder: TemporaryFolder,
  environment: Record<string, string> = {},
): PublisherConfig {
  return readPublisherConfig({
    BROKER: `127.0.0.1:${port}`,
    PUBLISHER_OUTBOX_FILE: folder.file("outbox.db"),
    ...environment,
  });
}

describe("the publisher", () => {
  test("publishes the first reading at once, in the form of the old system and its place in the sequence", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "DATA");
    const clock = createFakeClock(1_795_207_143_900);
    await using _publisher = startPublisher(
      configAt(broker.port, folder),
      createTestContext(clock),
    );
    const reading = await eventually(() => readingsOf(client)[0]);
    expect(Object.keys(reading)).toEqual(["number", "epochtime", "publisher", "epoch", "seq"]);
    expect(reading.epochtime).toBe("1795207143");
    expect(Number.isInteger(reading.number)).toBe(true);
  });

  test("pauses at least the shortest and at most the longest pause", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "DATA");
    const clock = createFakeClock();
    const context = createTestContext(clock);
    const environment = { PUBLISHER_INTERVAL_MIN_MS: "500", PUBLISHER_INTERVAL_MAX_MS: "600" };
    await using _publisher = startPublisher(configAt(broker.port, folder, environment), context);
    await eventually(() => readingsOf(client).length === 1);
    clock.advance(499);
    await using other = await connectTestClient(broker.port);
    await other.publish("DATA", '{"number":"sentinel"}', { qos: 1 });
    clock.advance(101);
    await eventually(() => readingsOf(client).length === 3);
    expect(readingsOf(client)[1]?.number).toBe("sentinel");
  });

  test("keeps its numbers within their bounds, both of which occur", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "DATA");
    const environment = {
      PUBLISHER_INTERVAL_MIN_MS: "1",
      PUBLISHER_INTERVAL_MAX_MS: "1",
      PUBLISHER_NUMBER_MIN: "-1",
      PUBLISHER_NUMBER_MAX: "1",
    };
    await using _publisher = startPublisher(
      configAt(broker.port, folder, environment),
      createTestContext(),
    );
    await eventually(() => new Set(readingsOf(client).map(({ number }) => number)).size === 3);
    expect(readingsOf(client).every(({ number }) => Math.abs(number) <= 1)).toBe(true);
  });

  test("continues after the broker was away, with the reading that waited", async () => {
    using folder = temporaryFolder();
    const port = await freePort();
    const first = await startBroker({ port });
    const context = createTestContext();
    const environment = { PUBLISHER_INTERVAL_MIN_MS: "1", PUBLISHER_INTERVAL_MAX_MS: "1" };
    await using _publisher = startPublisher(configAt(port, folder, environment), context);
    await eventually(() => context.health.report().ready);
    await first[Symbol.asyncDispose]();
    await eventually(() => !context.health.report().ready);

    await using _second = await startBroker({ port });
    await using client = await connectTestClient(port, "DATA");
    await eventually(() => readingsOf(client).length > 3);
    expect(context.faults).toEqual([]);
  });
});

describe("the publisher's configuration", () => {
  test("refuses bounds that are the wrong way round, all at once", () => {
    const environment = {
      PUBLISHER_INTERVAL_MIN_MS: "10",
      PUBLISHER_INTERVAL_MAX_MS: "9",
      PUBLISHER_NUMBER_MIN: "10",
      PUBLISHER_NUMBER_MAX: "9",
    };
    expect(() => readPublisherConfig(environment)).toThrow(
      /2 problem\(s\).*INTERVAL_MIN_MS: 10.*NUMBER_MIN: 10/s,
    );
  });
});
