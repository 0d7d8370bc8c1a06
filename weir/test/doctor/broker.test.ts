import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  connack,
  createTestCertificate,
  freePort,
  startStandIn,
  temporaryFolder,
} from "@weir/testkit";
import { doctor } from "./fixture.ts";

const HOUR_MS = 3_600_000;

test("a broker without MQTT 5 is looked at, and works", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  const environment = { BROKER: `127.0.0.1:${broker.port}` };
  const { code, of } = await doctor(folder, { environment });
  expect(code).toBe(0);
  expect(of("broker").map(({ state, found }) => [state, found])).toEqual([
    ["ok", `aedes, as npm start brings it at mqtt://127.0.0.1:${broker.port}, MQTT 3.1.1`],
    ["look", `mqtt://127.0.0.1:${broker.port} has no MQTT 5: the suite goes on with 3.1.1`],
  ]);
});

test("the limits that a broker has by default are named, with the settings", async () => {
  using folder = temporaryFolder();
  await using broker = await startStandIn({
    connect: (_, peer) =>
      peer.send(connack(0, { properties: { receiveMaximum: 20, retainAvailable: false } })),
  });
  const { code, of } = await doctor(folder, { environment: { BROKER_URL: broker.url } });
  expect(code).toBe(0);
  expect(of("broker").slice(1)).toEqual([
    expect.objectContaining({
      state: "look",
      found: expect.stringContaining("20 messages in flight, the default of Mosquitto"),
      remedy: expect.stringContaining("max_queued_messages"),
    }),
    expect.objectContaining({
      state: "look",
      found: expect.stringMatching(/^the broker keeps no retained messages: .*\.$/),
      remedy: "Allow retained messages in the broker.",
    }),
  ]);
});

test("a user that the broker does not let in, and a broker that is named and away, are wrong", async () => {
  using folder = temporaryFolder();
  await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(0x86)) });
  const port = await freePort();
  writeFileSync(
    folder.file("weir.yaml"),
    `brokers: { barn: { url: "mqtt://127.0.0.1:${port}" } }\nstreams: { b: { filters: [b], broker: barn } }`,
  );
  const environment = { BROKER_URL: broker.url, WEIR_FILE: folder.file("weir.yaml") };
  const { code, of } = await doctor(folder, { environment });
  expect(code).toBe(1);
  expect(of("broker")).toEqual([
    expect.objectContaining({
      state: "wrong",
      found: expect.stringContaining("Bad User Name or Password"),
      remedy: expect.stringContaining("BROKER_PASSWORD"),
    }),
    expect.objectContaining({
      state: "wrong",
      found: expect.stringMatching(`no connection to mqtt://127.0.0.1:${port}: .*ECONNREFUSED`),
    }),
  ]);
});

test("the broker of Compose may be away as long as the suite is", async () => {
  using folder = temporaryFolder();
  const environment = { BROKER: `127.0.0.1:${await freePort()}`, FIXED_IN_COMPOSE: "DB_FILE" };
  const { code, of } = await doctor(folder, { environment });
  expect(code).toBe(0);
  expect(of("broker")[0]?.remedy).toBe("The suite brings this broker, and does not run.");
  expect(of("configuration")[1]).toMatchObject({
    state: "look",
    found: expect.stringMatching(/^DB_FILE has no effect in Compose: /),
  });
});

test("a broker with one session for each user keeps that of the logger", async () => {
  using folder = temporaryFolder();
  await using broker = await startStandIn({
    connect: (_, peer) => peer.send(connack(0, { sessionPresent: true })),
  });
  const { code, of } = await doctor(folder, { environment: { BROKER_URL: broker.url } });
  expect(code).toBe(1);
  expect(of("broker")[0]?.remedy).toContain("BROKER_TOOLS_USERNAME");
  expect(broker.peers.length).toBe(1);
});

test("a broker's certificate that ends soon is looked at, and one that has ended is wrong", async () => {
  using folder = temporaryFolder();
  const authority = { name: "home", ...createTestCertificate({ name: "home" }) };
  const signed = (expiresAt: number) =>
    createTestCertificate({
      name: "broker",
      issuer: authority,
      hosts: ["127.0.0.1"],
      expiresAt,
    });
  const { certificate: cert, key } = signed(Date.now() + HOUR_MS);
  await using broker = await startStandIn({}, { cert, key });
  const ended = signed(Date.now() - 48 * HOUR_MS);
  writeFileSync(folder.file("ca.pem"), authority.certificate);
  writeFileSync(folder.file("page.pem"), ended.certificate);
  writeFileSync(folder.file("page.key"), ended.key);
  const { code, of } = await doctor(folder, {
    environment: {
      BROKER_URL: broker.url,
      BROKER_CA_FILE: folder.file("ca.pem"),
      DASHBOARD_CERTIFICATE_FILE: folder.file("page.pem"),
      DASHBOARD_KEY_FILE: folder.file("page.key"),
    },
  });
  expect(code).toBe(1);
  expect(of("broker")[0]?.state).toBe("ok");
  const found = of("certificates").map((one) => [one.state, one.found]);
  expect(found).toEqual([
    ["look", expect.stringMatching(/^the authority of the broker default ends in 0 days/)],
    [
      "wrong",
      expect.stringMatching(
        /^DASHBOARD_CERTIFICATE_FILE, for IP Address:127\.0\.0\.1, has ended on \d{4}-\d\d-\d\d$/,
      ),
    ],
    [
      "look",
      expect.stringMatching(
        /^that of the broker at 127\.0\.0\.1:\d+, for \S+ \S+, ends in 0 days, on /,
      ),
    ],
  ]);
});
