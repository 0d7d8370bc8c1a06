import { GenericContainer, Wait } from "testcontainers";

/** Mosquitto with TLS and with websockets. */
export interface SecuredMosquitto extends AsyncDisposable {
  /** Of the TLS listener; `certificate` must be trusted. */
  tlsUrl: string;
  websocketUrl: string;
  /** PEM, made for this container alone. */
  certificate: string;
}

const IMAGE = "eclipse-mosquitto:2.1";
const [PLAIN, TLS, WEBSOCKETS] = [1883, 8883, 9001];
const CONFIGURATION = `
listener ${PLAIN}
listener ${TLS}
certfile /tmp/certificate.pem
keyfile /tmp/key.pem
listener ${WEBSOCKETS}
protocol websockets
allow_anonymous true
max_inflight_messages 65534
`;
const MAKE_CERTIFICATE =
  "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=weir -addext subjectAltName=IP:127.0.0.1 -keyout /tmp/key.pem -out /tmp/certificate.pem && chmod 644 /tmp/key.pem";

export async function startSecuredMosquitto(): Promise<SecuredMosquitto> {
  const container = await new GenericContainer(IMAGE)
    .withCopyContentToContainer([{ content: CONFIGURATION, target: "/tmp/mosquitto.conf" }])
    .withEntrypoint(["sh", "-c"])
    .withCommand([`${MAKE_CERTIFICATE} && exec mosquitto -c /tmp/mosquitto.conf`])
    .withExposedPorts(TLS, WEBSOCKETS)
    .withWaitStrategy(Wait.forSuccessfulCommand("mosquitto_sub -E -t ready"))
    .withStartupTimeout(120_000)
    .start();
  const { output } = await container.exec(["cat", "/tmp/certificate.pem"]);
  return {
    tlsUrl: `mqtts://127.0.0.1:${container.getMappedPort(TLS)}`,
    websocketUrl: `ws://127.0.0.1:${container.getMappedPort(WEBSOCKETS)}`,
    certificate: output,
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}
