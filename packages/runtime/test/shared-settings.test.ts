import { expect, test } from "@jest/globals";
import { readSettings, topicSettings, topicsDifferRule } from "@weir/runtime";

test("statistics on the topic of the readings are refused", () => {
  const environment = { TOPIC: "same", STATS_TOPIC: "same" };
  expect(() => readSettings(topicSettings, environment, [topicsDifferRule])).toThrow("STATS_TOPIC");
});

test("a wildcard is not a topic", () => {
  expect(() => readSettings(topicSettings, { TOPIC: "plant/#" })).toThrow("no wildcards");
});
