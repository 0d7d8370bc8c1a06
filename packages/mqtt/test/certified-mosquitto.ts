import { createTestCertificate, type TestCertificate } from "@weir/testkit";
import { GenericContainer, Wait } from "testcontainers";

/** Mosquitto that knows everybody by a certificate, and gives each device its own topics. */
export interface CertifiedMosquitto extends AsyncDisposable {
  port: number;
  /** The certificate of the authority that vouches for the broker and its clients. */
  ca: string;
  /** Makes a certificate for a client of this name. */
  certify(name: string): TestCertificate;
}

const IMAGE = "eclipse-mosquitto:2.1";
const [PLAIN, TLS] = [1883, 8883];
const CONFIGURATION = `
listener ${PLAIN} 127.0.0.1
allow_anonymous true
listener ${TLS}
cafile /tmp/ca.pem
certfile /tmp/broker.pem
keyfile /tmp/broker.key
require_certificate true
use_identity_as_username true
acl_file /tmp/rights
`;
/** %u is the user name: that of the certificate. */
const RIGHTS = "pattern readwrite devices/%u/#\n";

export async function startCertifiedMosquitto(): Promise<CertifiedMosquitto> {
  const issuer = { name: "authority", ...createTestCertificate({ name: "authority" }) };
  const broker = createTestCertificate({ name: "broker", issuer, hosts: ["127.0.0.1"] });
  const files = [
    { content: CONFIGURATION, target: "/tmp/mosquitto.conf" },
    { content: RIGHTS, target: "/tmp/rights", mode: 0o644 },
    { content: issuer.certificate, target: "/tmp/ca.pem" },
    { content: broker.certificate, target: "/tmp/broker.pem" },
    { content: broker.key, target: "/tmp/broker.key", mode: 0o644 },
  ];
  const container = await new GenericContainer(IMAGE)
    .withCopyContentToContainer(files)
    .withCommand(["mosquitto", "-c", "/tmp/mosquitto.conf"])
    .withExposedPorts(TLS)
    .withWaitStrategy(Wait.forSuccessfulCommand("mosquitto_sub -h 127.0.0.1 -E -t ready"))
    .withStartupTimeout(120_000)
    .start();
  return {
    port: container.getMappedPort(TLS),
    ca: issuer.certificate,
    certify: (name) => createTestCertificate({ name, issuer }),
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}
