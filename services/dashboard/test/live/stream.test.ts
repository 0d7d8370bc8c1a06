import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { createFakeClock, eventually, temporaryFolder } from "@weir/testkit";
import type { Device } from "../../src/contract/devices.ts";
import type { DeviceEvent, DeviceNews } from "../../src/live/device-news.ts";
import { LiveClient } from "./live-client.ts";
import { LiveSubject, openHome, POWER, power } from "./live-subject.ts";

/** Devices of which a test says what happens. */
class SaidDevices implements DeviceNews {
  readonly changes = new Set<(changed: readonly Device[]) => void>();
  readonly events = new Map<string, (event: DeviceEvent) => void>();

  onChanges(listener: (changed: readonly Device[]) => void): Disposable {
    this.changes.add(listener);
    return { [Symbol.dispose]: () => this.changes.delete(listener) };
  }

  onEvents(device: string, listener: (event: DeviceEvent) => void): Disposable {
    this.events.set(device, listener);
    return { [Symbol.dispose]: () => this.events.delete(device) };
  }

  tell(device: Device): void {
    for (const listener of this.changes) listener([device]);
  }
}

const DEVICE: Device = {
  id: "kitchen",
  name: "kitchen",
  streams: ["home"],
  topics: [],
  state: "heard",
  sinceMs: null,
  heardMs: 0,
  isCommandable: false,
  seriesCount: 0,
  values: [],
};

/** Asks for a stream as a program does that reads nothing. */
async function connectDeaf({ address }: LiveSubject, query: string): Promise<Socket> {
  const { port, hostname } = new URL(address);
  const socket = connect({ port: Number(port), host: hostname });
  socket.on("error", () => {});
  socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`GET /api/v1/live?${query} HTTP/1.1\r\nHost: test\r\n\r\n`);
  return socket;
}

describe("a live stream", () => {
  test("says at once what every page shows", async () => {
    using folder = temporaryFolder();
    await using subject = await LiveSubject.start(folder);
    await using client = await LiveClient.open(subject.address, {});
    await eventually(() => client.events.length >= 4);
    const names = client.events.slice(0, 4).map(({ event }) => event);
    expect(names).toEqual(["hello", "status", "averages", "alerts"]);
    expect(client.of("hello")[0]).toMatchObject({ version: "test" });
  });

  test("carries what changes about devices, and what happens to the one that is asked for", async () => {
    using folder = temporaryFolder();
    const devices = new SaidDevices();
    await using subject = await LiveSubject.start(folder, { devices });
    await using list = await LiveClient.open(subject.address, { devices: "changes" });
    await using one = await LiveClient.open(subject.address, { device: "kitchen" });
    await eventually(() => devices.changes.size === 1 && devices.events.has("kitchen"));
    devices.tell(DEVICE);
    const entry = { atMs: 1, level: "info", message: "<b>\n\nevent: bye" } as const;
    devices.events.get("kitchen")?.({ event: "log", data: entry });
    await eventually(() => list.of("devices").length > 0 && one.of("log").length > 0);
    expect(list.of("devices")).toEqual([{ devices: [DEVICE] }]);
    expect(one.of("log")).toEqual([entry]);
    expect(one.of("devices")).toEqual([]);
  });

  test("ends with a good-bye when the dashboard ends", async () => {
    using folder = temporaryFolder();
    const subject = await LiveSubject.start(folder);
    await using client = await LiveClient.open(subject.address, {});
    await subject[Symbol.asyncDispose]();
    await client.ended;
    expect(client.of("bye")).toEqual([{ reason: "the dashboard ends", retryMs: 2_000 }]);
  });

  test("ends soon after its user has signed out", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    let isSignedIn = true;
    await using subject = await LiveSubject.start(folder, { clock, isSignedIn: () => isSignedIn });
    await using client = await LiveClient.open(subject.address, {});
    clock.advance(15_000);
    isSignedIn = false;
    expect(client.of("bye")).toEqual([]);
    clock.advance(15_000);
    await client.ended;
    expect(client.of("bye")).toMatchObject([{ reason: "you are signed out" }]);
  });

  test("frees all that it took when its client goes", async () => {
    using folder = temporaryFolder();
    const devices = new SaidDevices();
    const clock = createFakeClock();
    await using subject = await LiveSubject.start(folder, { devices, clock });
    const query = { series: POWER, device: "kitchen", devices: "changes" };
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => LiveClient.open(subject.address, query)),
    );
    expect(devices.changes.size).toBe(20);
    for (const client of clients) await client[Symbol.asyncDispose]();
    await eventually(() => devices.changes.size === 0 && devices.events.size === 0);
  });

  test("is refused with a time to come back where there are too many, until one ends", async () => {
    using folder = temporaryFolder();
    await using subject = await LiveSubject.start(folder);
    const clients: LiveClient[] = [];
    const answers = await Promise.all(
      Array.from({ length: 400 }, () =>
        LiveClient.open(subject.address, {}).then(
          (client) => clients.push(client),
          (error: unknown) => String(error),
        ),
      ),
    );
    expect(clients).toHaveLength(150);
    expect(answers.filter((answer) => typeof answer === "string")).toHaveLength(250);
    const refused = await fetch(`${subject.address}/api/v1/live`);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "30"]);
    expect(await refused.json()).toMatchObject({
      problems: [{ field: "live", problem: "there are already 150 live streams from one address" }],
    });
    await clients.pop()?.[Symbol.asyncDispose]();
    await using again = await eventually(() => LiveClient.open(subject.address, {}));
    await eventually(() => again.of("hello").length === 1);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("is ended where its client does not read, and others go on", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    const devices = new SaidDevices();
    const clock = createFakeClock();
    await using subject = await LiveSubject.start(folder, { devices, clock });
    const deaf = await connectDeaf(subject, "devices=changes");
    await eventually(() => devices.changes.size === 1);
    await using client = await LiveClient.open(subject.address, { series: POWER });
    await eventually(() => subject.connections().then((count) => count === 2));
    const large = { ...DEVICE, name: "x".repeat(1024 * 1024) };
    // The system takes some megabytes for a client before the server has to keep them.
    await eventually(() => {
      devices.tell(large);
      clock.advance(1_000);
      return subject.connections().then((count) => count === 1);
    });
    store.append([power(1)]);
    await eventually(() => {
      clock.advance(100);
      return client.values().length > 0;
    });
    deaf.destroy();
  });
});

test("a page of a device hears why devices cannot be looked up", async () => {
  using folder = temporaryFolder();
  using _home = openHome(folder);
  writeFileSync(folder.file("index.db"), "no database");
  await using subject = await LiveSubject.start(folder, { devices: new SaidDevices() });
  const answer = await fetch(`${subject.address}/api/v1/live?device=kitchen`);
  const told = answer.status === 503 ? await answer.text() : answer.body?.cancel();
  expect([answer.status, await told]).toEqual([503, expect.stringContaining("cannot be read")]);
});
