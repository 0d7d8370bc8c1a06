import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, hasDocker } from "@weir/testkit";
import { describeBatches } from "./batch-suite.ts";
import { createClients } from "./broker-clients.ts";
import { startTrial } from "./fixture.ts";
import { type SecuredMosquitto, startSecuredMosquitto } from "./secured-mosquitto.ts";

const START_TIMEOUT_MS = 180_000;
/** The direct connection knows neither TLS nor websockets: who asks for it gets MQTT.js. */
const transport = "direct";

if (hasDocker()) {
  describe("a client to Mosquitto", () => {
    const trusted = getCACertificates();
    let broker: SecuredMosquitto;
    beforeAll(async () => {
      broker = await startSecuredMosquitto();
    }, START_TIMEOUT_MS);
    afterAll(async () => await broker[Symbol.asyncDispose](), START_TIMEOUT_MS);

    describe("over TLS", () => {
      beforeAll(() => setDefaultCACertificates([...trusted, broker.certificate]));
      afterAll(() => setDefaultCACertificates(trusted));
      const clients = createClients({ url: () => broker.tlsUrl, transport });
      describeBatches({ ...clients, protocolVersion: 5 });
    });

    describe("over websockets", () => {
      const clients = createClients({ url: () => broker.websocketUrl, transport });
      // Mosquitto 2.1.2 loses its place at an empty frame, as MQTT.js sends for an empty payload
      // (eclipse-mosquitto/mosquitto#3704).
      describeBatches({ ...clients, protocolVersion: 5, carriesEmptyPayloads: false });
    });

    test("is not made over TLS with a certificate that is not trusted", async () => {
      await using trial = startTrial(broker.tlsUrl, { transport });
      await eventually(() => trial.warnings.length === 1);
      expect(trial.warnings[0]).toContain("self-signed certificate");
    });
  });
} else {
  test.skip("a client to Mosquitto over TLS and websockets: needs Docker", () => {});
}
