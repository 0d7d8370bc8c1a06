import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  createTestCertificate,
  eventually,
  hasDocker,
  type Mosquitto,
  startMosquitto,
} from "@weir/testkit";
import { describeBatches } from "./batch-suite.ts";
import { createClients } from "./broker-clients.ts";
import { startTrial } from "./fixture.ts";

const START_TIMEOUT_MS = 180_000;
/** The direct connection knows neither TLS nor websockets: who asks for it gets MQTT.js. */
const transport = "direct";

const [TLS, WEBSOCKETS] = [8883, 9001];
const CONFIGURATION = `
listener 1883
listener ${TLS}
certfile /mosquitto/config/certificate.pem
keyfile /mosquitto/config/key.pem
listener ${WEBSOCKETS}
protocol websockets
allow_anonymous true
max_inflight_messages 65534
`;

if (hasDocker()) {
  describe("a client to Mosquitto", () => {
    const trusted = getCACertificates();
    const own = createTestCertificate({ name: "broker", hosts: ["127.0.0.1"] });
    const tlsUrl = () => `mqtts://127.0.0.1:${broker.portOf(TLS)}`;
    let broker: Mosquitto;
    beforeAll(async () => {
      broker = await startMosquitto({
        configuration: CONFIGURATION,
        files: { "certificate.pem": own.certificate, "key.pem": own.key },
        listeners: [TLS, WEBSOCKETS],
      });
    }, START_TIMEOUT_MS);
    afterAll(async () => await broker[Symbol.asyncDispose](), START_TIMEOUT_MS);

    describe("over TLS", () => {
      beforeAll(() => setDefaultCACertificates([...trusted, own.certificate]));
      afterAll(() => setDefaultCACertificates(trusted));
      const clients = createClients({ url: tlsUrl, transport });
      describeBatches({ ...clients, protocolVersion: 5 });
    });

    describe("over websockets", () => {
      const url = () => `ws://127.0.0.1:${broker.portOf(WEBSOCKETS)}`;
      const clients = createClients({ url, transport });
      // Mosquitto 2.1.2 loses its place at an empty frame, as MQTT.js sends for an empty payload
      // (eclipse-mosquitto/mosquitto#3704).
      describeBatches({ ...clients, protocolVersion: 5, carriesEmptyPayloads: false });
    });

    test("is not made over TLS with a certificate that is not trusted", async () => {
      await using trial = startTrial(tlsUrl(), { transport });
      await eventually(() => trial.warnings.length === 1);
      expect(trial.warnings[0]).toContain("self-signed certificate");
    });
  });
} else {
  test.skip("a client to Mosquitto over TLS and websockets: needs Docker", () => {});
}
