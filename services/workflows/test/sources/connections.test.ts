import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { HeardConnection } from "@weir/flows";
import { BROKER_LOG_TOPIC } from "@weir/protocol";
import { Catalogue, SeriesReader } from "@weir/series";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { connectionsInLog } from "../../src/sources/connections.ts";
import { KnownDevices } from "../../src/sources/known-devices.ts";

/** Counts a message in the catalogue, as the service stats does. */
function count(indexFile: string, topic: string, id: number): void {
  using catalogue = new Catalogue(indexFile);
  const row = { segment: "s1", id, receivedUs: START_US };
  const of = catalogue.stream("home");
  const payload = Buffer.from('{"temperature":4}');
  const reader = new SeriesReader({ series: "auto", skewUs: 60e6, timeZone: null, document: null });
  const source = { topic, payload, receivedUs: START_US, retained: false, observedUs: null };
  of.note(reader.read(source, of.memory.at(row)), row);
  catalogue.save();
}

const words = ({ device, event, by }: HeardConnection) => `${device} ${event} by ${by}`;

describe("the broker's log of connections", () => {
  test("is of devices that are known, and not of other clients", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const indexFile = folder.file("index.db");
    count(indexFile, "devices/kitchen/state", 1);
    count(indexFile, "zigbee2mqtt/lamp", 2);
    const devices = new KnownDevices(indexFile, createTestContext());
    await using listener = await connectTestClient(broker.port, BROKER_LOG_TOPIC);
    for (const clientId of ["kitchen", "lamp", "somebody", "kitchen"]) {
      const client = await connectTestClient(broker.port, undefined, { clientId });
      await client[Symbol.asyncDispose]();
    }
    const heard = () => listener.received.flatMap((message) => connectionsInLog(message, devices));
    await eventually(() => heard().length === 4);
    expect(heard().map(words)).toEqual([
      "home:devices/kitchen connected by broker's log",
      "home:devices/kitchen disconnected by broker's log",
      "home:devices/kitchen connected by broker's log",
      "home:devices/kitchen disconnected by broker's log",
    ]);
    expect(heard().map(({ reason }) => reason)).toEqual([
      ...[null, expect.any(String)],
      ...[null, expect.any(String)],
    ]);
  });

  test("a session that goes over to a new connection is no end", async () => {
    const devices = { ofClient: () => [{ id: "home:devices/kitchen", name: "kitchen" }] };
    const line = (text: string) => ({ payload: Buffer.from(text), retained: false });
    const taken = "1795867200: Client kitchen [127.0.0.1:1] disconnected: session taken over.";
    expect(connectionsInLog(line(taken), devices)).toEqual([]);
    const gone = "1795867200: Client kitchen [127.0.0.1:1] disconnected: exceeded timeout.";
    expect(connectionsInLog(line(gone), devices)).toMatchObject([{ event: "disconnected" }]);
    expect(connectionsInLog({ ...line(gone), retained: true }, devices)).toEqual([]);
  });
});

describe("the devices of the catalogue", () => {
  test("are read once in a minute at most, and none are known before there is one", () => {
    using folder = temporaryFolder();
    const indexFile = folder.file("index.db");
    const clock = createFakeClock();
    const devices = new KnownDevices(indexFile, createTestContext(clock));
    expect(devices.ofClient("kitchen")).toEqual([]);
    count(indexFile, "devices/kitchen/state", 1);
    expect(devices.ofClient("kitchen")).toEqual([]);
    clock.advance(60_000);
    expect(devices.ofClient("kitchen")).toEqual([{ id: "home:devices/kitchen", name: "kitchen" }]);
  });
});
