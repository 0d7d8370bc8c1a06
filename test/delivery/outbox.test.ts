import { describe, expect, test } from "@jest/globals";
import { type Broker, startBroker } from "@weir/broker";
import {
  connectTestClient,
  eventually,
  freePort,
  readingNow,
  temporaryFolder,
} from "@weir/testkit";
import { startLoggerAt, startPublisherAt, storedValues } from "../chain.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("an outbox", () => {
  test("is empty once everything is stored, and reports the outcome of each message", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using _logger = await startLoggerAt(broker.port, folder);
    await using publisher = startPublisherAt(broker.port, folder.file("outbox.db"));
    await Promise.all(
      numbers(50).map((number) => publisher.outbox.accept("DATA", readingNow(number))),
    );
    await eventually(() => publisher.outbox.size().rows === 0);
    expect(storedValues(folder)).toEqual(numbers(50));
    expect(publisher.outcomes).toHaveLength(50);
    expect(publisher.outcomes.every(({ kind }) => kind === "delivered")).toBe(true);
    expect(publisher.faults).toEqual([]);
  });

  test("keeps messages while there is no broker, across its own restart", async () => {
    using folder = temporaryFolder();
    const port = await freePort();
    const file = folder.file("outbox.db");
    {
      await using publisher = startPublisherAt(port, file);
      await publisher.outbox.accept("DATA", readingNow(1));
    }
    await using publisher = startPublisherAt(port, file);
    await publisher.outbox.accept("DATA", readingNow(2));
    await using _broker = await startBroker({ port });
    await using _logger = await startLoggerAt(port, folder);
    await eventually(() => publisher.outbox.size().rows === 0, 60_000);
    expect(storedValues(folder)).toEqual([1, 2]);
  }, 90_000);

  test("loses nothing and repeats nothing when the broker forgets everything, again and again", async () => {
    using folder = temporaryFolder();
    const port = await freePort();
    let broker: Broker = await startBroker({ port });
    await using _logger = await startLoggerAt(port, folder);
    await using publisher = startPublisherAt(port, folder.file("outbox.db"));
    const count = 300;
    for (const number of numbers(count)) {
      await publisher.outbox.accept("DATA", readingNow(number));
      if (number % 100 === 50) {
        // This broker has neither sessions nor queues on disk.
        await broker[Symbol.asyncDispose]();
        broker = await startBroker({ port });
      }
    }
    await using _broker = broker;
    await eventually(() => publisher.outbox.size().rows === 0, 60_000);
    expect(storedValues(folder).sort((a, b) => a - b)).toEqual(numbers(count));
  }, 90_000);

  test("is not emptied by a receipt for what was never sent", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using stranger = await connectTestClient(broker.port, "DATA");
    await using publisher = startPublisherAt(broker.port, folder.file("outbox.db"), {
      limits: { windowMax: 1 },
    });
    const first = await publisher.outbox.accept("DATA", readingNow(1));
    const second = await publisher.outbox.accept("DATA", readingNow(2));
    if (first.kind !== "accepted" || second.kind !== "accepted") throw new Error("both accepted");
    // It subscribes to its receipts before it sends.
    await eventually(() => stranger.received.length > 0);
    const forge = (entries: unknown[]) =>
      stranger.publish("weir/receipt/kitchen", JSON.stringify({ at: 1, entries }), { qos: 1 });
    await forge([{ epoch: "unknown", topic: "DATA", through: 9, ranges: [] }]);
    await forge([{ epoch: first.epoch, topic: "DATA", through: 0, ranges: [[2, 2]] }]);
    await stranger.publish("weir/receipt/kitchen", "rubbish", { qos: 1 });
    // Only the first was sent, so this true-looking one takes the first alone.
    await forge([{ epoch: first.epoch, topic: "DATA", through: 1, ranges: [] }]);
    await eventually(() => publisher.outcomes.length > 0);
    expect(publisher.outcomes.map(({ seq }) => seq)).toEqual([1]);
    expect(publisher.outbox.size().rows).toBe(1);
  });
});
