import { test } from "@jest/globals";
import { hasDocker, startMosquitto } from "@weir/testkit";
import { type BrokerKind, describeBroker } from "./broker-suite.ts";
import { TRANSPORTS } from "./fixture.ts";

const MOSQUITTO: BrokerKind = {
  name: "Mosquitto, in a container",
  protocolVersion: 5,
  isDurable: true,
  start: startMosquitto,
};

if (hasDocker()) {
  for (const transport of TRANSPORTS) describeBroker(MOSQUITTO, transport);
} else {
  test.skip("a client to Mosquitto: needs Docker", () => {});
}
