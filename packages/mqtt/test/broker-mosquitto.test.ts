import { fileURLToPath } from "node:url";
import { test } from "@jest/globals";
import { hasDocker, startMosquitto } from "@weir/testkit";
import { describeBroker } from "./broker-suite.ts";

const CONFIGURATION = fileURLToPath(new URL("../../../mosquitto/mosquitto.conf", import.meta.url));

if (hasDocker()) {
  describeBroker({
    name: "Mosquitto, in a container",
    protocolVersion: 5,
    isDurable: true,
    start: () => startMosquitto(CONFIGURATION),
  });
} else {
  test.skip("a link to Mosquitto: needs Docker", () => {});
}
