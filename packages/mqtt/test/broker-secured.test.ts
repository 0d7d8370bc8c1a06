import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import {
  createTestCertificate,
  eventually,
  hasDocker,
  type Mosquitto,
  startMosquitto,
} from "@weir/testkit";
import { probeBroker } from "../src/index.ts";
import { describeBatches } from "./batch-suite.ts";
import { createClients } from "./broker-clients.ts";
import { payloads, startTrial, TRANSPORTS } from "./fixture.ts";

const START_TIMEOUT_MS = 180_000;
/** The direct connection has no websockets: who asks for it gets MQTT.js there. */
const transport = "direct";

const [TLS, WEBSOCKETS, ONE_SESSION] = [8883, 9001, 1884];
const CONFIGURATION = `
listener 1883
listener ${TLS}
certfile /mosquitto/config/certificate.pem
keyfile /mosquitto/config/key.pem
listener ${WEBSOCKETS}
protocol websockets
listener ${ONE_SESSION}
use_username_as_clientid true
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
        listeners: [TLS, WEBSOCKETS, ONE_SESSION],
      });
    }, START_TIMEOUT_MS);
    afterAll(async () => await broker[Symbol.asyncDispose](), START_TIMEOUT_MS);

    describe.each(TRANSPORTS)("over TLS by %s", (one) => {
      beforeAll(() => setDefaultCACertificates([...trusted, own.certificate]));
      afterAll(() => setDefaultCACertificates(trusted));
      const clients = createClients({ url: tlsUrl, transport: one });
      describeBatches({ ...clients, protocolVersion: 5 });
    });

    describe("over websockets", () => {
      const url = () => `ws://127.0.0.1:${broker.portOf(WEBSOCKETS)}`;
      const clients = createClients({ url, transport });
      // Mosquitto 2.1.2 loses its place at an empty frame, as MQTT.js sends for an empty payload
      // (eclipse-mosquitto/mosquitto#3704).
      describeBatches({ ...clients, protocolVersion: 5, carriesEmptyPayloads: false });
    });

    test("keeps its queue when a probe comes as the same user", async () => {
      const url = `mqtt://127.0.0.1:${broker.portOf(ONE_SESSION)}`;
      const clients = createClients({ url: () => url, transport });
      const topic = clients.ownTopic();
      const options = {
        ...clients.persistent(),
        broker: { url, username: "weir-logger", password: null },
      };
      const absent = await clients.connect(topic, options);
      await absent[Symbol.asyncDispose]();
      await using publisher = await clients.connect(undefined, {
        broker: { url, username: "publisher", password: null },
      });
      await publisher.client.publish(topic, "1", { qos: 1 });
      await publisher.client.publish(topic, "2", { qos: 1 });
      const probe = await probeBroker(options.broker, {
        expirySeconds: 3_600,
        subscriptions: [{ filter: "#", qos: 1 }],
        clock: systemClock,
        signal: new AbortController().signal,
      });
      expect(probe).toEqual({ kind: "shared session" });
      await using back = await clients.connect(topic, options);
      await publisher.client.publish(topic, "3", { qos: 1 });
      await eventually(() => back.received.length === 3);
      expect(payloads(back.received)).toEqual(["1", "2", "3"]);
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
