import { expect, test } from "@jest/globals";
import { eventually, startStandIn } from "@weir/testkit";
import { writeToStream } from "mqtt-packet";
import { startTrial } from "./fixture.ts";

test("keeps no buffer for each packet id that there could be", async () => {
  await using broker = await startStandIn();
  await using trial = startTrial(broker.url);
  await eventually(() => trial.states.length > 0);
  expect(writeToStream.cacheNumbers).toBe(false);
});
