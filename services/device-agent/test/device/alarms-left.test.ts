import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  connectTestClient,
  createTestContext,
  eventually,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { readAgentConfig } from "../../src/config/config.ts";
import { startDeviceAgent } from "../../src/device-agent.ts";

const STATE = "devices/kitchen/state";

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

test("an alarm that is not stored is sent on when nothing is an alarm any more", async () => {
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
