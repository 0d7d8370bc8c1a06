import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { parseReceipt } from "@weir/protocol";
import { connectTestClient, eventually, temporaryFolder } from "@weir/testkit";
import { startReady, testConfigWith } from "./fixture.ts";

test.each(["raw", "text", "number"])(
  "an archive of everything, decoded as %s, does not hold back the receipts of an outbox",
  async (decoder) => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const archive = { filters: ["#"], decoder, folder: "archive", rotation: "1d" };
    const config = testConfigWith({ streams: { archive } }, { folder, port: broker.port });
    await using publisher = await connectTestClient(broker.port, "weir/receipt/kitchen");
    await using _logger = await startReady(config);

    const place = { publisher: "kitchen", epoch: "e", seq: 1 };
    const reading = JSON.stringify({ number: 1, epochtime: 1_700_000_000, ...place });
    await publisher.publish("DATA", reading, { qos: 1 });
    const entries = await eventually(() => {
      const last = publisher.received.at(-1);
      const receipt = last === undefined ? null : parseReceipt(last.payload);
      return receipt !== null && receipt.entries.length > 0 ? receipt.entries : null;
    });
    expect(entries).toEqual([{ epoch: "e", topic: "DATA", through: 1, ranges: [] }]);
  },
);
