import { fileURLToPath } from "node:url";
import { test } from "@jest/globals";
import { hasDocker, startMosquitto } from "@weir/testkit";
import { describeSessions } from "./session-suite.ts";

const CONFIGURATION = fileURLToPath(new URL("../../../mosquitto/mosquitto.conf", import.meta.url));

if (hasDocker()) {
  for (const transport of ["direct", "mqttjs"] as const) {
    describeSessions(
      { name: "Mosquitto", hasIdentifiers: true, start: () => startMosquitto(CONFIGURATION) },
      transport,
    );
  }
} else {
  test.skip("the logger's session at Mosquitto: needs Docker", () => {});
}
