import { describe, expect, test } from "@jest/globals";
import { topicProblem } from "@weir/protocol";

describe("a topic", () => {
  test.each(["DATA", "plant/1/temperature", "Öfen/1", "/"])("may be %s", (topic) => {
    expect(topicProblem(topic)).toBeNull();
  });

  test.each([
    ["empty", ""],
    ["a filter with #", "plant/#"],
    ["a filter with +", "plant/+/x"],
    ["one with NUL", "a\0b"],
    ["the broker's own", "$SYS/x"],
    ["longer than MQTT can carry", "x".repeat(65_536)],
  ])("may not be %s", (_, topic) => {
    expect(topicProblem(topic)).toEqual(expect.any(String));
  });
});
