import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { readAgentConfig } from "../../src/config/config.ts";
import { memoryInProcess } from "../../src/control/control.ts";
import { openSources } from "../../src/device/device.ts";
import { startDeviceAgent } from "../../src/device-agent.ts";
import { agentOf } from "../config/fixture.ts";
import { startTestDevice, WALK } from "./fixture.ts";

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
    memory.keep({ ...memory.recall(), intervalMs: 500 });
    const config = { intervalMs: 10_000, intervalMinMs: 5_000 };
    await using _device = startTestDevice(broker.port, folder, { memory, config });
    const [state] = await eventually(() => (client.received.length > 0 ? client.received : null));
    expect(JSON.parse(String(state?.payload))).toMatchObject({ interval: 5 });
  });

  test(
    "tries to reach a broker at least every ten seconds, however long that is away",
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

test("a value expires in Home Assistant after three intervals, whatever the name of its attribute", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  await using client = await connectTestClient(broker.port, "homeassistant/device/kitchen/config");
  await using _device = startTestDevice(broker.port, folder, {
    config: {
      homeAssistant: { prefix: "homeassistant" },
      sources: [WALK, { ...WALK, name: "toString", everyMs: 60_000 }],
    },
  });
  const [announced] = await eventually(() => (client.received.length > 0 ? client.received : null));
  expect(JSON.parse(String(announced?.payload)).components).toMatchObject({
    attribute_walk: { expire_after: 30 },
    attribute_toString: { expire_after: 180 },
  });
});

test("sources with attributes of one name are each reported by file and line", () => {
  const text = `sources:
  drive: { source: space_usage }
  walk: { source: random_walk }
  other: { source: space_usage }
`;
  const { device } = agentOf(text);
  expect(() => openSources(device, null, systemClock)).toThrow(
    /3 problem\(s\):\n.*agent\.yaml:4: sources\.other: its attribute drive-space-used is also one of the source drive/,
  );
});

test("topics that the environment and agent.yaml configure are reserved: no response goes there", () => {
  const { device } = agentOf("homeAssistant: { prefix: ha }", {
    TOPIC: "plant/numbers",
    STATS_TOPIC: "plant/averages",
    DEVICE_TOPIC_PREFIXES: "site, hall/+,",
  });
  expect(device.reservedTopics).toEqual([
    "plant/numbers",
    "plant/averages",
    "ha",
    "site",
    "hall/+",
  ]);
});

function startAgent(port: number, folder: TemporaryFolder, deliveryClass: string) {
  const file = folder.file("agent.yaml");
  const delivery = { class: deliveryClass };
  writeFileSync(file, JSON.stringify({ sources: { door: { source: "random_walk", delivery } } }));
  const config = readAgentConfig({
    BROKER: `127.0.0.1:${port}`,
    AGENT_FILE: file,
    DEVICE_FOLDER: folder.file("device"),
  });
  return startDeviceAgent(config, createTestContext());
}

test("an alarm that is not stored is still sent when no source is delivered as alarm any more", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  await using client = await connectTestClient(broker.port, STATE);
  const alarms = () => client.received.filter(({ payload }) => /"seq":1[,}]/.test(String(payload)));
  {
    await using _agent = await startAgent(broker.port, folder, "alarm");
    await eventually(() => alarms().length > 0);
  }
  client.received.length = 0;
  await using _agent = await startAgent(broker.port, folder, "telemetry");
  await eventually(() => alarms().length > 0);
  expect(JSON.parse(String(alarms()[0]?.payload))).toHaveProperty("data.door");
});
