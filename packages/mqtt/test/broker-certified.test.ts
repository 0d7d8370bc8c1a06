import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  createTestCertificate,
  eventually,
  hasDocker,
  type Mosquitto,
  startMosquitto,
  type TestCertificate,
} from "@weir/testkit";
import { startTrial, type Trial } from "./fixture.ts";

const START_TIMEOUT_MS = 180_000;
const NOT_AUTHORIZED = 0x87;
const AT_LEAST_ONCE = { qos: 1 } as const;

const TLS = 8883;
const CONFIGURATION = `
listener 1883 127.0.0.1
allow_anonymous true
listener ${TLS}
cafile /mosquitto/config/ca.pem
certfile /mosquitto/config/broker.pem
keyfile /mosquitto/config/broker.key
require_certificate true
use_identity_as_username true
acl_file /mosquitto/config/rights
`;
/** %u is the user name: that of the certificate. */
const RIGHTS = "pattern readwrite devices/%u/#\n";
const issuer = { name: "authority", ...createTestCertificate({ name: "authority" }) };
const certify = (name: string): TestCertificate => createTestCertificate({ name, issuer });

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("a client to a Mosquitto that asks for certificates", () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    const own = createTestCertificate({ name: "broker", issuer, hosts: ["127.0.0.1"] });
    broker = await startMosquitto({
      configuration: CONFIGURATION,
      files: {
        rights: RIGHTS,
        "ca.pem": issuer.certificate,
        "broker.pem": own.certificate,
        "broker.key": own.key,
      },
      listeners: [TLS],
    });
  }, START_TIMEOUT_MS);
  afterAll(async () => await broker[Symbol.asyncDispose](), START_TIMEOUT_MS);

  interface Visit {
    host?: string;
    ca?: string;
    client: TestCertificate | null;
  }

  /** Connects, once. */
  async function visit({
    host = "127.0.0.1",
    ca = issuer.certificate,
    client,
  }: Visit): Promise<Trial> {
    const url = `mqtts://${host}:${broker.port}`;
    const { certificate = null, key = null } = client ?? {};
    await using connecting = new AsyncDisposableStack();
    const trial = connecting.use(
      startTrial(url, {
        broker: { url, username: null, password: null, tls: { ca, certificate, key } },
        subscriptions: [{ filter: "devices/kitchen/#", qos: 1 }],
        reconnect: () => new Promise<void>(() => {}),
      }),
    );
    await eventually(() => trial.states.length > 0);
    connecting.move();
    return trial;
  }

  test("is made with a certificate, whose name has its own rights", async () => {
    await using trial = await visit({ client: certify("kitchen") });
    const { client, received } = trial;
    const foreign = client.publish("devices/hall/state", "", AT_LEAST_ONCE);
    await expect(foreign).rejects.toMatchObject({
      message: "Publish error: Not authorized",
      code: NOT_AUTHORIZED,
    });
    await client.publish("devices/kitchen/state", "", AT_LEAST_ONCE);
    await eventually(() => received.length === 1);
    expect(trial.states).toEqual(["connected"]);
  });

  test("is not made without a certificate", async () => {
    await using trial = await visit({ client: null });
    expect(trial.warnings[0]).toContain("the broker requires a client certificate");
    expect(trial.warnings[0]).toContain("BROKER_CERTIFICATE_FILE and BROKER_KEY_FILE");
  });

  test("is not made with a certificate of another authority", async () => {
    await using trial = await visit({ client: createTestCertificate({ name: "kitchen" }) });
    expect(trial.warnings[0]).toContain("the broker does not accept this client's certificate");
  });

  test("is not made where another authority is trusted", async () => {
    const { certificate: ca } = createTestCertificate({ name: "other" });
    await using trial = await visit({ ca, client: certify("kitchen") });
    expect(trial.warnings[0]).toContain("no trusted authority has signed");
    expect(trial.warnings[0]).toContain("BROKER_CA_FILE");
  });

  test("is not made by a host name that the broker's certificate does not have", async () => {
    await using trial = await visit({ host: "localhost", client: certify("kitchen") });
    expect(trial.warnings[0]).toContain("is for another host (Host: localhost. is not");
  });
});
