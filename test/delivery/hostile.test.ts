import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { openReader } from "@weir/store";
import {
  connectTestClient,
  eventually,
  readingNow,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { startLoggerAt, startPublisherAt, storedValues } from "../chain.ts";

function send(client: TestClient, fields: Record<string, unknown>): Promise<void> {
  return client.publish("DATA", JSON.stringify({ ...readingNow(-1), ...fields }), { qos: 1 });
}

const UNUSABLE: readonly [string, Record<string, unknown>][] = [
  ["a publisher that is a filter", { publisher: "#", epoch: "e", seq: 1 }],
  ["a publisher that is a wildcard", { publisher: "+", epoch: "e", seq: 1 }],
  ["a publisher with NUL", { publisher: "a\0", epoch: "e", seq: 1 }],
  ["a publisher that is a path", { publisher: "../../x", epoch: "e", seq: 1 }],
  ["a publisher of 70 kB", { publisher: "x".repeat(70_000), epoch: "e", seq: 1 }],
  ["an epoch that is a filter", { publisher: "stranger", epoch: "#", seq: 1 }],
  ["seq 0", { publisher: "stranger", epoch: "e", seq: 0 }],
  ["a negative seq", { publisher: "stranger", epoch: "e", seq: -1 }],
  ["a fractional seq", { publisher: "stranger", epoch: "e", seq: 0.5 }],
  ["seq 2^53", { publisher: "stranger", epoch: "e", seq: 2 ** 53 }],
];

const ODD: readonly [string, Record<string, unknown>][] = [
  ["the publisher __proto__", { publisher: "__proto__", epoch: "__proto__", seq: 1 }],
  ["the publisher constructor", { publisher: "constructor", epoch: "toString", seq: 1 }],
  ["a jump of a billion", { publisher: "stranger", epoch: "e", seq: 1_000_000_000 }],
];

describe("hostile neighbours", () => {
  test.each([...UNUSABLE, ...ODD])(
    "%s is stored, and harms neither the logger nor another publisher",
    async (_, fields) => {
      using folder = temporaryFolder();
      await using broker = await startBroker();
      await using _logger = await startLoggerAt(broker.port, folder);
      await using stranger = await connectTestClient(broker.port);
      await using publisher = startPublisherAt(broker.port, folder.file("outbox.db"));
      await publisher.outbox.accept("DATA", readingNow(1));
      await eventually(() => publisher.outbox.size().rows === 0);
      await send(stranger, fields);
      await publisher.outbox.accept("DATA", readingNow(2));
      await eventually(() => publisher.outbox.size().rows === 0);
      await eventually(() => storedValues(folder).length === 3);
      expect(storedValues(folder).sort()).toEqual([-1, 1, 2]);
    },
  );

  test("a stranger that sends under another's name spoils only what it sends", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using _logger = await startLoggerAt(broker.port, folder);
    await using stranger = await connectTestClient(broker.port);
    await using publisher = startPublisherAt(broker.port, folder.file("outbox.db"));
    // It cannot know the epoch, 128 random bits that were not published yet.
    for (const seq of [1, 2, 3])
      await send(stranger, { publisher: "kitchen", epoch: "guess", seq });
    for (const number of [1, 2, 3]) await publisher.outbox.accept("DATA", readingNow(number));
    await eventually(() => publisher.outbox.size().rows === 0);
    expect(storedValues(folder).sort()).toEqual([-1, -1, -1, 1, 2, 3]);
  });

  test("thousands of invented publishers are stored, and the others keep their receipts", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const store = folder.file("weir.db");
    await using _logger = await startLoggerAt(broker.port, folder);
    await using stranger = await connectTestClient(broker.port);
    await using publisher = startPublisherAt(broker.port, folder.file("outbox.db"));
    await publisher.outbox.accept("DATA", readingNow(1));
    await eventually(() => publisher.outbox.size().rows === 0);
    const invented = 12_000;
    for (let start = 0; start < invented; start += 1_000) {
      const batch = Array.from({ length: 1_000 }, (_, index) =>
        send(stranger, { publisher: `invented-${start + index}`, epoch: "e", seq: 1 }),
      );
      await Promise.all(batch);
    }
    await publisher.outbox.accept("DATA", readingNow(2));
    await eventually(() => publisher.outbox.size().rows === 0, 120_000);
    using reader = openReader(store);
    await eventually(() => reader?.state().lastId === invented + 2);
    // A few places are free for the next newcomers.
    const places = reader?.ledger.publishers().length;
    expect(places).toBeGreaterThan(9_000);
    expect(places).toBeLessThanOrEqual(10_000);
  }, 240_000);
});
