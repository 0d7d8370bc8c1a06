import { describe, expect, test } from "@jest/globals";
import { NOTHING_CONFIGURED } from "@weir/testkit";
import { readLoggerConfig } from "../src/config.ts";

describe("the logger's configuration", () => {
  test("understands the environment of the old system", () => {
    const environment = {
      BROKER: "mosquitto",
      DB_FILE: "tmp/test.db",
      TOPIC: "IN",
      WEIR_FILE: NOTHING_CONFIGURED,
    };
    expect(readLoggerConfig(environment)).toMatchObject({
      file: "tmp/test.db",
      streams: {
        brokers: { default: { url: "mqtt://mosquitto" } },
        streams: [
          {
            name: "data",
            filters: ["IN"],
            place: { kind: "file", file: "tmp/test.db" },
            retention: { ageMs: 35 * 60 * 1e3 },
          },
          {
            name: "devices",
            filters: ["devices/#", "losant/#", "homeassistant/device/+/config"],
          },
        ],
      },
    });
  });

  test("refuses a retention that the longest window outlives", () => {
    const environment = { LOGGER_RETENTION_MINUTES: "30", WEIR_FILE: NOTHING_CONFIGURED };
    expect(() => readLoggerConfig(environment)).toThrow("make it at least 31");
  });

  test("refuses a client id that could not stand in a topic", () => {
    expect(() => readLoggerConfig({ LOGGER_CLIENT_ID: "a/b" })).toThrow("LOGGER_CLIENT_ID");
  });
});
