import { expect, test } from "@jest/globals";
import { agentOf } from "../config/fixture.ts";

test("no answer is led to what the environment or agent.yaml calls a topic of others", () => {
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
