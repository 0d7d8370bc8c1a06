import { describe, expect, test } from "@jest/globals";
import type { Environment } from "@weir/runtime";
import { NOTHING_CONFIGURED } from "@weir/testkit";
import { readLoggerConfig } from "../src/config.ts";
import { planReload } from "../src/logger.ts";

const configOf = (environment: Environment) =>
  readLoggerConfig({ WEIR_FILE: NOTHING_CONFIGURED, ...environment });
const before = configOf({ DB_FILE: "data/weir.db" });

describe("a reload", () => {
  test("takes over what a running logger can follow", () => {
    const next = configOf({ DB_FILE: "data/weir.db", LOGGER_RETENTION_MINUTES: "90" });
    const { config, needsRestart } = planReload(before, next);
    expect(needsRestart).toEqual([]);
    expect(config).toEqual(next);
  });

  test("says what needs a restart, and keeps it as it was", () => {
    const next = configOf({
      BROKER: "elsewhere",
      DB_FILE: "other/weir.db",
      LOGGER_CLIENT_ID: "another",
    });
    const { config, needsRestart } = planReload(before, next);
    expect(needsRestart.toSorted()).toEqual(
      [
        "brokers.default",
        "clientId",
        "file",
        "streams.data.place",
        "streams.devices.place",
        "tokenFile",
      ].toSorted(),
    );
    expect(config).toEqual(before);
  });
});
