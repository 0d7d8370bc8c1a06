import { expect, test } from "@jest/globals";
import { connectTestClient, eventually } from "@weir/testkit";
import { startBroker } from "../src/index.ts";

test("what the broker says of itself goes to those who name $SYS, and to no filter of all topics [MQTT-4.7.2-1]", async () => {
  await using broker = await startBroker();
  await using all = await connectTestClient(broker.port, "#");
  await using named = await connectTestClient(broker.port, "$SYS/broker/version");
  await eventually(() => named.received.length === 1);
  // It comes behind whatever was retained.
  await named.publish("end", "", { qos: 1 });
  await eventually(() => all.received.length > 0);
  expect(all.received.map(({ topic }) => topic)).toEqual(["end"]);
});
