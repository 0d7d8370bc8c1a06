import { expect, test } from "@jest/globals";
import { connack, eventually, message, startStandIn, temporaryFolder } from "@weir/testkit";
import { readingOf, startReady, testConfig } from "./fixture.ts";

const IDS = Array.from({ length: 40 }, (_, n) => n + 1);
const LEFT_OUT = [30, 31, 32];

test("messages that the broker has dropped for the logger are counted", async () => {
  using folder = temporaryFolder();
  await using broker = await startStandIn({
    connect: (_, peer) => peer.send(connack(0, { sessionPresent: broker.peers.length > 1 })),
  });
  const file = folder.file("weir.db");
  await using logger = await startReady(testConfig({ file, port: broker.port }));
  const metric = async (): Promise<string | undefined> =>
    /^weir_logger_lost_total .*$/m.exec(await logger.context.metrics.metrics())?.[0];
  expect(await metric()).toBe("weir_logger_lost_total 0");
  broker.peers[0]?.send(
    ...IDS.filter((id) => !LEFT_OUT.includes(id)).map((id) => ({
      ...message(id, readingOf(id)),
      topic: "DATA",
    })),
  );
  // The next connection brings none of them.
  await eventually(async () => (await metric()) === "weir_logger_lost_total 3");
  expect(broker.peers).toHaveLength(2);
});
