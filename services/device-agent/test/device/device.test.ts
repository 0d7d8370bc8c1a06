import { createServer } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, createFakeClock, eventually, temporaryFolder } from "@weir/testkit";
import { memoryInProcess } from "../../src/control/control.ts";
import { startTestDevice } from "./fixture.ts";

const STATE = "devices/kitchen/state";
const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const TIMEOUT_MS = 60_000;

describe("a device", () => {
  test("keeps to the least interval of its configuration, whatever a command has set before", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, STATE);
    const memory = memoryInProcess();
    memory.keep({ intervalMs: 500, activeSources: null, rules: {} });
    const config = { intervalMs: 10_000, intervalMinMs: 5_000 };
    await using _device = startTestDevice(broker.port, folder, { memory, config });
    const [state] = await eventually(() => (client.received.length > 0 ? client.received : null));
    expect(JSON.parse(String(state?.payload))).toMatchObject({ interval: 5 });
  });

  test(
    "looks for a broker at least every ten seconds, however long that is away",
    async () => {
      using folder = temporaryFolder();
      const clock = createFakeClock();
      let attempts = 0;
      await using away = createServer((socket) => {
        attempts += 1;
        socket.destroy();
      });
      const listening = Promise.withResolvers<void>();
      away.listen(0, "127.0.0.1", () => listening.resolve());
      await listening.promise;
      const address = away.address();
      if (address === null || typeof address === "string") throw new Error("it has no port");
      await using _device = startTestDevice(address.port, folder, { clock });
      // Here time runs up to a hundred times as fast. On a battery there would be 46 of them in an hour: 23,
      // each in two versions of MQTT.
      await eventually(() => {
        clock.advance(SECOND_MS);
        return attempts >= 60;
      }, TIMEOUT_MS / 2);
      expect(clock.monotonic()).toBeLessThan(HOUR_MS);
    },
    TIMEOUT_MS,
  );
});
