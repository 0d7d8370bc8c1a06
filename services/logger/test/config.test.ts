import { describe, expect, test } from "@jest/globals";
import { readLoggerConfig } from "../src/config.ts";

describe("the logger's configuration", () => {
  test("understands the environment of the old system", () => {
    const environment = { BROKER: "mosquitto", DB_FILE: "tmp/test.db", TOPIC: "IN" };
    expect(readLoggerConfig(environment)).toMatchObject({
      broker: { url: "mqtt://mosquitto" },
      file: "tmp/test.db",
      topic: "IN",
      retention: { retentionUs: 35 * 60 * 1e6 },
    });
  });

  test("refuses a retention that the longest window outlives", () => {
    const environment = { LOGGER_RETENTION_MINUTES: "30" };
    expect(() => readLoggerConfig(environment)).toThrow("make it at least 31");
  });

  test("refuses a client id that could not stand in a topic", () => {
    expect(() => readLoggerConfig({ LOGGER_CLIENT_ID: "a/b" })).toThrow("LOGGER_CLIENT_ID");
  });
});
