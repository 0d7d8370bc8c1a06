import { test } from "@jest/globals";
import { hasDocker, startMosquitto } from "@weir/testkit";
import { describeSessions } from "./session-suite.ts";

if (hasDocker()) {
  for (const transport of ["direct", "mqttjs"] as const) {
    describeSessions({ name: "Mosquitto", hasIdentifiers: true, start: startMosquitto }, transport);
  }
} else {
  test.skip("the logger's session at Mosquitto: needs Docker", () => {});
}
