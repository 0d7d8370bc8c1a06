import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { parseReceipt, type ReceiptEntry } from "@weir/protocol";
import { connectTestClient, eventually, type TestClient, temporaryFolder } from "@weir/testkit";
import { rowsIn, startReady, testConfig, testConfigWith } from "./fixture.ts";

/** Eleven thousand messages take a while on a small machine. */
const TIMEOUT_MS = 300_000;
const AT_LEAST_ONCE = { qos: 1 } as const;
const FOREIGN = "the topic names another device than the publisher";

/** One stream that takes the topics of devices and others, so that all of it is in one ledger. */
const SITE = { streams: { site: { filters: ["devices/#", "site/#"] } } };

interface Claimed {
  publisher: string;
  epoch?: string;
  seq?: number;
}

function payloadOf({ publisher, epoch = "e1", seq = 1 }: Claimed): string {
  const now = Math.floor(Date.now() / 1_000);
  return JSON.stringify({ number: 1, epochtime: now, data: { a: 1 }, publisher, epoch, seq });
}

/** What the newest receipt that came says. */
function receiptIn({ received }: TestClient): ReceiptEntry[] {
  const newest = received.at(-1);
  return newest === undefined ? [] : (parseReceipt(newest.payload)?.entries ?? []);
}

async function untilReceipted(receipts: TestClient, topic: string, seq: number): Promise<void> {
  await eventually(() =>
    receiptIn(receipts).some(
      ({ topic: of, through, ranges }) =>
        of === topic && (through >= seq || ranges.some(([from, to]) => from <= seq && seq <= to)),
    ),
  );
}

describe("the publisher that a payload names", () => {
  test("is believed on a topic of that device only: elsewhere the message is stored, flagged, and touches no account", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using logger = await startReady(
      testConfig({ file: folder.file("weir.db"), port: broker.port }),
    );
    await using receipts = await connectTestClient(broker.port, "weir/receipt/kitchen");
    await using device = await connectTestClient(broker.port);
    const forged = payloadOf({ publisher: "kitchen", seq: 5 });
    await device.publish("devices/garden/state", forged, AT_LEAST_ONCE);
    await device.publish("devices/garden/state", forged, AT_LEAST_ONCE);
    await device.publish("losant/garden/state", forged, AT_LEAST_ONCE);
    const own = payloadOf({ publisher: "kitchen" });
    await device.publish("devices/kitchen/state", own, AT_LEAST_ONCE);
    await untilReceipted(receipts, "devices/kitchen/state", 1);

    expect(receipts.received).toHaveLength(1);
    expect(receiptIn(receipts).map(({ topic }) => topic)).toEqual(["devices/kitchen/state"]);
    const rows = await rowsIn(folder.file("devices"), 4);
    expect(rows.map(({ topic, kind, reason }) => [topic, kind, reason])).toEqual([
      ["devices/garden/state", "flagged", FOREIGN],
      ["devices/garden/state", "flagged", FOREIGN],
      ["losant/garden/state", "flagged", FOREIGN],
      ["devices/kitchen/state", "reading", ""],
    ]);
    expect(await logger.context.metrics.metrics()).toContain(
      'weir_logger_messages_total{stream="devices",filed="foreign"} 3',
    );
  });

  test("stalls and repeats nothing of the device whose name it is, whatever epochs are invented", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using _logger = await startReady(testConfigWith(SITE, { folder, port: broker.port }));
    await using receipts = await connectTestClient(broker.port, "weir/receipt/kitchen");
    await using kitchen = await connectTestClient(broker.port);
    await using evil = await connectTestClient(broker.port);
    const own = "devices/kitchen/alarm";
    await kitchen.publish(own, payloadOf({ publisher: "kitchen" }), AT_LEAST_ONCE);
    await untilReceipted(receipts, own, 1);

    const inventions = Array.from({ length: 1_200 }, (_, index) => `invented-${index}`);
    await Promise.all(
      inventions.flatMap((epoch) => {
        const forged = payloadOf({ publisher: "kitchen", epoch });
        return ["devices/garden/state", "site/DATA"].map((topic) =>
          evil.publish(topic, forged, AT_LEAST_ONCE),
        );
      }),
    );
    // The first is sent again, as an outbox does that has missed its receipt, and a second one follows.
    for (const seq of [1, 2]) {
      await kitchen.publish(own, payloadOf({ publisher: "kitchen", seq }), AT_LEAST_ONCE);
    }
    await untilReceipted(receipts, own, 2);
    const rows = await rowsIn(folder.file("site"), 2 + 2 * inventions.length);
    expect(rows.filter(({ topic }) => topic === own)).toHaveLength(2);
    expect(rows).toHaveLength(2 + 2 * inventions.length);
  });

  test(
    "takes no place from a device, however many names are invented where a topic names none",
    async () => {
      using folder = temporaryFolder();
      await using broker = await startBroker();
      await using logger = await startReady(testConfigWith(SITE, { folder, port: broker.port }));
      await using receipts = await connectTestClient(broker.port, "weir/receipt/fresh");
      await using retained = await connectTestClient(broker.port);
      await using evil = await connectTestClient(broker.port);
      const names = Array.from({ length: 11_000 }, (_, index) => `invented-${index}`);
      for (let from = 0; from < names.length; from += 1_000) {
        const some = names.slice(from, from + 1_000);
        await Promise.all(
          some.map((publisher) =>
            evil.publish("site/DATA", payloadOf({ publisher }), AT_LEAST_ONCE),
          ),
        );
      }
      const own = "devices/fresh/state";
      await retained.publish(own, payloadOf({ publisher: "fresh" }), AT_LEAST_ONCE);
      await untilReceipted(receipts, own, 1);
      // And a newcomer on a topic of all finds a place, too.
      await retained.publish("site/DATA", payloadOf({ publisher: "fresh" }), AT_LEAST_ONCE);
      await untilReceipted(receipts, "site/DATA", 1);
      const metrics = await logger.context.metrics.metrics();
      const [, displaced] =
        /limit_reached_total\{stream="site",of="publishers"\} (\d+)/.exec(metrics) ?? [];
      expect(Number(displaced)).toBeGreaterThanOrEqual(1_001);

      // Nor do receipts for invented names stay at the broker: a device's does.
      await using late = await connectTestClient(broker.port, "weir/receipt/#");
      await eventually(() => late.received.some(({ topic }) => topic === "weir/receipt/fresh"));
      await evil.publish("weir/receipt/sentinel", "", AT_LEAST_ONCE);
      await eventually(() => late.received.some(({ topic }) => topic === "weir/receipt/sentinel"));
      const kept = late.received.filter(({ retained: isRetained }) => isRetained);
      expect(kept.map(({ topic }) => topic)).toEqual(["weir/receipt/fresh"]);
    },
    TIMEOUT_MS,
  );
});
