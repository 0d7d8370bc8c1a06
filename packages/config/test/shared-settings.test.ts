import { describe, expect, test } from "@jest/globals";
import {
  brokerConfig,
  brokerSettings,
  namesBroker,
  readSettings,
  topicSettings,
  topicsDifferRule,
} from "@weir/config";

const broker = (environment: Record<string, string>) =>
  brokerConfig(readSettings(brokerSettings, environment));

describe("the broker's address", () => {
  test("is localhost without settings", () => {
    expect(broker({})).toEqual({ url: "mqtt://localhost", username: null, password: null });
  });

  test("comes from BROKER, as in the old system", () => {
    expect(broker({ BROKER: "mosquitto" }).url).toBe("mqtt://mosquitto");
    expect(broker({ BROKER: "10.0.0.7:1884" }).url).toBe("mqtt://10.0.0.7:1884");
    expect(broker({ BROKER: "[::1]:1884" }).url).toBe("mqtt://[::1]:1884");
  });

  test("comes from BROKER_URL first", () => {
    expect(broker({ BROKER: "a", BROKER_URL: "mqtts://b:8883" }).url).toBe("mqtts://b:8883");
  });

  test.each(["mqtt://host", "a b", "user@host", "host/path", "host:99999"])(
    "is not taken from BROKER=%s",
    (given) => {
      expect(() => broker({ BROKER: given })).toThrow("BROKER");
    },
  );

  test("is the user's own when a variable names it", () => {
    expect(namesBroker({ BROKER: " " })).toBe(false);
    expect(namesBroker({ BROKER: "host" })).toBe(true);
    expect(namesBroker({ BROKER_URL: "mqtt://host" })).toBe(true);
  });
});

test("statistics on the topic of the readings are refused", () => {
  const environment = { TOPIC: "same", STATS_TOPIC: "same" };
  expect(() => readSettings(topicSettings, environment, [topicsDifferRule])).toThrow("STATS_TOPIC");
});

test("a wildcard is not a topic", () => {
  expect(() => readSettings(topicSettings, { TOPIC: "plant/#" })).toThrow("no wildcards");
});
