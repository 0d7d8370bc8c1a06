import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { TlsOptions } from "node:tls";
import { describe, expect, test } from "@jest/globals";
import {
  createFakeClock,
  createTestCertificate,
  eventually,
  startStandIn,
  type TestCertificate,
} from "@weir/testkit";
import type { ClientOptions, Transport } from "../src/index.ts";
import { startTrial, TRANSPORTS, type Trial } from "./fixture.ts";

type Tls = NonNullable<ClientOptions["broker"]["tls"]>;

const LONG_AGO = Date.now() - 1_000;

const authorityOf = (name: string) => ({ name, ...createTestCertificate({ name }) });
const [ours, theirs] = [authorityOf("ours"), authorityOf("theirs")];
const brokerOf = (options: { hosts?: string[]; expiresAt?: number } = {}): TestCertificate =>
  createTestCertificate({ name: "broker", issuer: ours, hosts: ["127.0.0.1"], ...options });

const trusting: Tls = { ca: ours.certificate, certificate: null, key: null };
const serving = ({ certificate: cert, key }: TestCertificate): TlsOptions => ({ cert, key });
/** Serves those only who show a certificate. */
const asking: TlsOptions = { ...serving(brokerOf()), requestCert: true, ca: ours.certificate };

/** Connects once; what it has said by then. */
async function trialAt(port: number, transport: Transport, tls?: Tls): Promise<Trial> {
  const url = `mqtts://127.0.0.1:${port}`;
  await using trial = startTrial(url, {
    broker: { url, username: null, password: null, ...(tls && { tls }) },
    reconnect: () => new Promise<void>(() => {}),
    transport,
  });
  await eventually(() => trial.states.length > 0);
  return trial;
}

describe.each(TRANSPORTS)("a client over TLS by %s", (transport) => {
  async function trialOf(serves: TlsOptions, tls?: Tls): Promise<Trial> {
    await using broker = await startStandIn({}, serves);
    return await trialAt(broker.port, transport, tls);
  }

  test("trusts the authority that it was given", async () => {
    expect((await trialOf(serving(brokerOf()), trusting)).states[0]).toBe("connected");
  });

  test("shows its certificate to a broker that asks", async () => {
    const { certificate, key } = createTestCertificate({ name: "kitchen", issuer: ours });
    const { states } = await trialOf(asking, { ...trusting, certificate, key });
    expect(states[0]).toBe("connected");
  });

  test.each([
    {
      of: "an authority that is not configured",
      serves: serving(brokerOf()),
      tls: undefined,
      reason: "no trusted authority has signed the broker's certificate",
      remedy: "BROKER_CA_FILE",
    },
    {
      of: "another authority than the one that was named",
      serves: serving(brokerOf()),
      tls: { ...trusting, ca: theirs.certificate },
      reason: "no trusted authority has signed the broker's certificate",
      remedy: "BROKER_CA_FILE",
    },
    {
      of: "no authority",
      serves: serving(createTestCertificate({ name: "broker", hosts: ["127.0.0.1"] })),
      tls: trusting,
      reason: "self-signed certificate)",
      remedy: "BROKER_CA_FILE",
    },
    {
      of: "another host",
      serves: serving(brokerOf({ hosts: ["broker.example"] })),
      tls: trusting,
      reason: "the broker's certificate is for another host (IP: 127.0.0.1 is not",
      remedy: "Connect by a host name",
    },
    {
      of: "another time",
      serves: serving(brokerOf({ expiresAt: LONG_AGO })),
      tls: trusting,
      reason: "the broker's certificate has expired",
      remedy: "Renew it",
    },
  ])("refuses a certificate of $of, and says what to do", async ({ serves, tls, ...outage }) => {
    const { states, warnings } = await trialOf(serves, tls);
    expect(states[0]).toBe("disconnected");
    expect(warnings[0]).toContain(outage.reason);
    expect(warnings[0]).toContain(outage.remedy);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "says that a broker requires a certificate, by %s",
    async (maxVersion) => {
      const { warnings } = await trialOf({ ...asking, maxVersion }, trusting);
      expect(warnings[0]).toContain("require");
      expect(warnings[0]).toContain("BROKER_CERTIFICATE_FILE and BROKER_KEY_FILE");
    },
  );

  test.each(["destroy", "resetAndDestroy"] as const)(
    "says that the port may be one without TLS, where the broker ends the connection by %s",
    async (ends) => {
      const server = createServer((socket) => socket.once("data", () => socket[ends]()));
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const { warnings } = await trialAt(port, transport, trusting);
      server.close();
      expect(warnings[0]).toContain(
        "no TLS handshake with the broker; its port may be one without",
      );
      expect(warnings[0]).toContain("usually 8883");
      expect(warnings[0]).toContain("mqtt:// in place of mqtts://");
    },
  );

  test("warns every day when a certificate is about to end, and not before", async () => {
    const [dayMs, endMs] = [86_400_000, Date.now() + 31.5 * 86_400_000];
    const issuer = { name: "a", ...createTestCertificate({ name: "a", expiresAt: endMs + dayMs }) };
    const { certificate, key } = createTestCertificate({ name: "k", issuer, expiresAt: endMs });
    await using broker = await startStandIn({}, serving(brokerOf()));
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const clock = createFakeClock(Date.now());
    await using trial = startTrial(url, {
      broker: {
        url,
        username: null,
        password: null,
        tls: { ca: `${ours.certificate}${issuer.certificate}`, certificate, key },
      },
      transport,
      clock,
    });
    await eventually(() => trial.states.length > 0);

    clock.advance(60_000);
    expect(trial.warnings).toEqual([]);
    clock.advance(2 * dayMs);
    expect(trial.warnings).toEqual([
      expect.stringContaining("the certificate of this client expires in 29 days"),
    ]);
    clock.advance(2 * dayMs);
    expect(trial.warnings[2]).toContain(
      "the certificate of the broker's authority expires in 29 days",
    );
  });

  test("is refused where the URL asks for none: nothing would be encrypted", () => {
    const broker = { url: "mqtt://127.0.0.1:1", username: null, password: null, tls: trusting };
    expect(() => startTrial(broker.url, { broker })).toThrow("for mqtts:// and wss://");
  });
});
