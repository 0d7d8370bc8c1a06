import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { topicProblem } from "@weir/protocol";
import { connectTestClient, eventually, HOSTILE_PIECES, type TestClient } from "@weir/testkit";
import {
  connections,
  type Device,
  device,
  deviceLog,
  devicesPage,
  states,
} from "../../src/contract/devices.ts";
import { startTestDevices, type TestDevices } from "./fixture.ts";

const MINUTE_MS = 60_000;
const KITCHEN = "home:devices/kitchen";
const RETAINED = { qos: 1, retain: true } as const;

let home: TestDevices;
let client: TestClient;

beforeEach(async () => {
  home = await startTestDevices();
  client = await connectTestClient(home.port);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const pathOf = (id: string): string => `/devices/${encodeURIComponent(id)}`;
const found = (query = "") => home.get(`/devices?${query}`, devicesPage);
const one = (id: string): Promise<Device> => home.get(pathOf(id), device);

describe("devices", () => {
  test("are found by what they publish, with their newest values", async () => {
    const data = { "drive-space-used": 19.1, walk: 3 };
    home.count({ topic: "devices/kitchen/state", payload: { data } });
    home.count({ topic: "zigbee2mqtt/Pantry", payload: { temperature: 14.7, battery: 87 } });
    const { total, devices } = await found();
    expect(total).toBe(2);
    expect(devices.map(({ id, name, isCommandable }) => ({ id, name, isCommandable }))).toEqual([
      { id: KITCHEN, name: "kitchen", isCommandable: true },
      { id: "home:zigbee2mqtt/Pantry", name: "Pantry", isCommandable: false },
    ]);
    expect(devices[0]).toMatchObject({
      streams: ["home"],
      topics: ["devices/kitchen/state"],
      state: "heard",
      seriesCount: 2,
    });
    expect(devices[1]?.values.map(({ path, newestValue }) => [path, newestValue])).toEqual([
      ["temperature", 14.7],
      ["battery", 87],
    ]);
  });

  test("come in pages, and by words", async () => {
    for (const name of ["hall", "attic", "cellar"]) {
      home.count({ topic: `zigbee2mqtt/${name}`, payload: { temperature: 20 } });
    }
    const ids = (await found()).devices.map(({ id }) => id);
    const page = await found("offset=1&limit=1");
    expect(page).toMatchObject({ total: 3, devices: [{ id: ids[1] }] });
    expect(await found("text=ZIGBEE+att")).toMatchObject({
      total: 1,
      devices: [{ id: "home:zigbee2mqtt/attic" }],
    });
    expect(await found("text=garage")).toEqual({ total: 0, devices: [] });
  });

  test("with any id have an address", async () => {
    const topics = [
      "devices/..",
      "devices/%2e%2e%2fkitchen",
      "<img src=x onerror=alert(1)>/state",
      "a//b/",
      "/",
      "été/😀 home",
      "?a=b&c",
      "__proto__/constructor",
      ...HOSTILE_PIECES.map((piece) => `x/${piece.toWellFormed()}/y`),
    ].filter((topic) => topicProblem(topic) === null);
    for (const topic of topics) home.count({ topic, payload: { temperature: 1 } });
    const { devices } = await found("limit=500");
    expect(new Set(devices.flatMap((one) => one.topics))).toEqual(new Set(topics));
    for (const listed of devices) {
      expect(await one(listed.id)).toEqual(listed);
      const log = await home.get(`${pathOf(listed.id)}/log`, deviceLog);
      expect(log.entries).toEqual([]);
    }
  });

  test("that are not there are a problem with a remedy", async () => {
    const response = await home.api.inject(`/api/v1${pathOf("home:devices/garage")}`);
    expect(response.statusCode).toBe(404);
    expect(response.json().problems).toEqual([
      expect.objectContaining({ field: "id", value: "home:devices/garage" }),
    ]);
  });
});

describe("the state of a device", () => {
  test("is what its birth and its will say, and since when", async () => {
    home.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
    await client.publish("devices/kitchen/availability", "online", RETAINED);
    const online = await eventually(async () => {
      const kitchen = await one(KITCHEN);
      return kitchen.state === "online" && kitchen;
    });
    expect(Math.abs(Date.now() - (online.sinceMs ?? 0))).toBeLessThan(MINUTE_MS);
    await client.publish("devices/kitchen/availability", "offline", RETAINED);
    await eventually(async () => (await one(KITCHEN)).state === "offline");
    await client.publish("devices/kitchen/availability", "", RETAINED);
    await eventually(async () => (await one(KITCHEN)).state === "heard");
  });

  test.each([
    ["zigbee2mqtt/Pantry", "zigbee2mqtt/Pantry/availability", '{"state":"offline"}'],
    ["tele/plug/SENSOR", "tele/plug/LWT", "Offline"],
    ["greenhouse/sensor/air_temperature/state", "greenhouse/status", "offline"],
  ])("of %s is read from %s", async (topic, availability, payload) => {
    home.count({ topic, payload: { temperature: 1 } });
    await client.publish(availability, payload, { qos: 1 });
    await eventually(async () => (await found()).devices[0]?.state === "offline");
  });

  test("is silent when nothing has come for long", async () => {
    for (let minutes = 20; minutes >= 10; minutes -= 1) {
      const agoMs = minutes * MINUTE_MS;
      home.count({ topic: "zigbee2mqtt/Pantry", payload: { temperature: 14.7 }, agoMs });
    }
    const [pantry] = (await found()).devices;
    expect(pantry).toMatchObject({ state: "silent", sinceMs: pantry?.heardMs });
  });

  test("is not silent a minute after the few messages with which it began", async () => {
    for (const agoMs of [5 * MINUTE_MS + 2, 5 * MINUTE_MS + 1, 5 * MINUTE_MS]) {
      home.count({ topic: "zigbee2mqtt/Pantry", payload: { temperature: 14.7 }, agoMs });
    }
    expect((await found()).devices[0]).toMatchObject({ state: "heard" });
  });

  test("goes to those who wait for changes, and only what has changed", async () => {
    home.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
    home.count({ topic: "devices/attic/state", payload: { data: { walk: 1 } } });
    const changes: string[] = [];
    using _waiting = home.devices.onChanges((changed) => {
      changes.push(changed.map(({ name, state }) => `${name} ${state}`).join());
    });
    await client.publish("devices/attic/availability", "online", RETAINED);
    await eventually(() => changes.length > 0);
    expect(changes).toEqual(["attic online"]);
  });
});

describe("what is stored of a device", () => {
  beforeEach(() => {
    home.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
  });

  test("is its log, the newest line first", async () => {
    home.store(
      { topic: "devices/kitchen/log/info", payload: { time: 1_795_266_550_000, message: "up" } },
      { topic: "devices/kitchen/log/error", payload: "<b>no JSON</b>" },
      { topic: "devices/attic/log/info", payload: { message: "of another device" } },
    );
    const { entries } = await home.get(`${pathOf(KITCHEN)}/log`, deviceLog);
    expect(entries).toEqual([
      { atMs: expect.any(Number), level: "error", message: "<b>no JSON</b>" },
      { atMs: 1_795_266_550_000, level: "info", message: "up" },
    ]);
  });

  test("is its states, and how each was read", async () => {
    home.store(
      { topic: "devices/kitchen/state", payload: { data: { walk: 1 } }, agoMs: 2_000 },
      { topic: "devices/kitchen/state", payload: { data: { walk: 2, note: "x" } }, agoMs: 1_000 },
    );
    const shown = await home.get(`${pathOf(KITCHEN)}/states?limit=10`, states);
    expect(shown.states.map(({ points }) => points.map(({ value }) => value))).toEqual([[2], [1]]);
    expect(shown.states[0]).toMatchObject({
      topic: "devices/kitchen/state",
      payload: '{"data":{"walk":2,"note":"x"}}',
      points: [{ series: "home:devices/kitchen/state#walk", kind: "gauge" }],
      ignored: [{ path: "note", reason: "text" }],
    });
  });

  test("is when it came and went, where the broker does not log connections of it", async () => {
    const topic = "devices/kitchen/availability";
    home.store(
      { topic, payload: "offline", retained: true, agoMs: 9_000 },
      { topic, payload: "online", agoMs: 8_000 },
      { topic, payload: "online", retained: true, agoMs: 7_000 },
      { topic, payload: "offline", agoMs: 6_000 },
    );
    const answer = await home.get(`${pathOf(KITCHEN)}/connections`, connections);
    expect(answer.source).toBe("birth and will");
    expect(answer.entries.map(({ event }) => event)).toEqual(["offline", "online", "offline"]);
  });
});
