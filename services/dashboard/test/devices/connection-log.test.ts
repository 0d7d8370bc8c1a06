import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { BrokerLink } from "@weir/mqtt";
import {
  createTestContext,
  eventually,
  hasDocker,
  startMosquitto,
  temporaryFolder,
} from "@weir/testkit";
import { generate, type IConnectPacket } from "mqtt-packet";
import { openDashboardFile } from "../../src/access/database.ts";
import { type ConnectionEvent, connections } from "../../src/contract/devices.ts";
import { ConnectionLog } from "../../src/devices/connection-log.ts";
import { startTestDevices, type TestDevices } from "./fixture.ts";

const BROKERS: [string, () => Promise<AsyncDisposable & { port: number }>][] = [
  ["the broker of npm start", () => startBroker()],
];
if (hasDocker()) {
  const configuration = readFileSync("mosquitto/mosquitto.conf", "utf8");
  BROKERS.push(["Mosquitto of Compose", () => startMosquitto({ configuration })]);
}

const KITCHEN = "home:devices/kitchen";
const ADDRESS = expect.stringMatching(/^[\d.]+:\d+$/);

function connect(port: number, given: Partial<IConnectPacket> & { clientId: string }): Socket {
  const socket = createConnection(port, "127.0.0.1").on("error", () => {});
  socket.resume();
  socket.write(generate({ cmd: "connect", protocolVersion: 4, clean: true, ...given }));
  return socket;
}

function eventsOf(home: TestDevices, id = KITCHEN): ConnectionEvent[] {
  return home.devices.connections(home.devices.book.find(id), 100).entries;
}

/** Resolves when the log has so many events of the kitchen. */
const reaches = (home: TestDevices, count: number): Promise<boolean> =>
  eventually(() => eventsOf(home).length === count);

describe.each(BROKERS)("why a device has come and gone at %s", (_name, start) => {
  test("is in the connection log, with its address and whether it kept its session", async () => {
    await using broker = await start();
    await using home = await startTestDevices({ port: broker.port });
    home.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
    const heard: string[] = [];
    using _listening = home.devices.onEvents(KITCHEN, ({ event, data }) => {
      if (event === "connection") heard.push(data.event);
    });
    const { port } = broker;

    const polite = connect(port, { clientId: "kitchen", clean: false });
    await reaches(home, 1);
    polite.write(generate({ cmd: "disconnect" }));
    await reaches(home, 2);
    const brief = connect(port, { clientId: "kitchen" });
    await reaches(home, 3);
    brief.end();
    await reaches(home, 4);
    connect(port, { clientId: "kitchen", keepalive: 1 });
    await reaches(home, 6);
    const first = connect(port, { clientId: "kitchen" });
    await reaches(home, 7);
    const second = connect(port, { clientId: "kitchen" });
    await reaches(home, 9);
    first.destroy();

    const connected = { event: "connected", reason: null, clientId: "kitchen", address: ADDRESS };
    const ended = (reason: string) => ({
      ...{ atMs: expect.any(Number), event: "disconnected", session: null, reason },
      ...{ clientId: "kitchen", address: ADDRESS },
    });
    const begun = (session: string) => ({ ...connected, session, atMs: expect.any(Number) });
    const answer = await home.get(
      `/devices/${encodeURIComponent(KITCHEN)}/connections`,
      connections,
    );
    expect(answer).toEqual({
      source: "broker's log",
      entries: [
        begun("new"),
        ended("a new connection with the same client id took its place"),
        begun("new"),
        ended("no sign of life for 1.5 times its keep-alive"),
        begun("new"),
        ended("the connection was closed from its side, without a goodbye"),
        begun("new"),
        ended("it said goodbye"),
        begun("kept"),
      ],
    });
    expect(heard.slice(0, 2)).toEqual(["connected", "disconnected"]);
    second.destroy();
    await eventually(() => heard.length === 10);
  });

  test("cannot be invented by a client with a false id", async () => {
    await using broker = await start();
    await using home = await startTestDevices({ port: broker.port });
    home.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
    const ids = [
      "kitchen [1.2.3.4:5] disconnected: not authorised.",
      "kitchen (p4, c1, k60, u'x",
      "kitchen (p4, c1, k60).",
      `kitchen [1.2.3.4:5] disconnected: ${"x".repeat(1_000)}`,
    ];
    for (const clientId of ids) connect(broker.port, { clientId }).end();
    const user = "x [1.2.3.4:5] disconnected. as kitchen (p4, c1, k60";
    connect(broker.port, { clientId: "liar", username: user }).end();
    connect(broker.port, { clientId: "kitchen" });
    await reaches(home, 1);
    expect(eventsOf(home)).toMatchObject([{ event: "connected", clientId: "kitchen" }]);
  });
});

test("an end is kept also where the broker names no address, as Mosquitto 2.0", async () => {
  using folder = temporaryFolder();
  const context = createTestContext();
  const database = openDashboardFile(folder.file("dashboard.db"));
  await using link = new BrokerLink(
    { url: "mqtt://127.0.0.1:1", username: null, password: null },
    "weir-dashboard",
    context,
  );
  const takers: Parameters<BrokerLink["listen"]>[1][] = [];
  link.listen = (_filter, take) => void takers.push(take);
  {
    using log = new ConnectionLog(link, database, context);
    const payload = Buffer.from("1795815094: Client kitchen closed its connection.");
    const message = { topic: "$SYS/broker/log/N", payload, qos: 0, retained: false } as const;
    for (const take of takers) take(message);
    expect(log.ofDevice(KITCHEN, 10)).toMatchObject([{ event: "disconnected", address: null }]);
  }
  database.close();
});

test("the connection log survives a restart, and says since when a device is there", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  const options = { port: broker.port, file: folder.file("dashboard.db") };
  const kitchen = { topic: "devices/kitchen/state", payload: { data: { walk: 1 } } };
  const will = { topic: "devices/kitchen/availability", payload: Buffer.from("offline") };
  const device = connect(broker.port, { clientId: "before" });
  let atMs = 0;
  {
    await using home = await startTestDevices(options);
    home.count(kitchen);
    const socket = connect(broker.port, {
      clientId: "kitchen",
      will: { ...will, qos: 1, retain: true },
    });
    const online = {
      topic: will.topic,
      payload: "online",
      qos: 0,
      retain: true,
      dup: false,
    } as const;
    socket.write(generate({ cmd: "publish", ...online }));
    await reaches(home, 1);
    atMs = eventsOf(home)[0]?.atMs ?? 0;
    await eventually(
      () => home.devices.book.describe(home.devices.book.find(KITCHEN)).state === "online",
    );
  }
  await using home = await startTestDevices(options);
  home.count(kitchen);
  expect(eventsOf(home)).toMatchObject([{ event: "connected", atMs }]);
  await eventually(() => {
    const { state, sinceMs } = home.devices.book.describe(home.devices.book.find(KITCHEN));
    return state === "online" && sinceMs === atMs;
  });
  device.destroy();
});
