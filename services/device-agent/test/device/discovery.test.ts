import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, eventually, temporaryFolder } from "@weir/testkit";
import { startTestDevice, WALK } from "./fixture.ts";

test("a value shows as gone after three intervals, whatever its attribute is called", async () => {
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
